"""A circuit breaker per system, shared by all workers through Redis.

Redis only spares us calls that would fail; it decides nothing. While it is away or mute, every call is let through.
"""

import logging
import time
from functools import lru_cache

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from insure_integrations.conf import IntegrationsSettings

logger = logging.getLogger(__name__)

REDIS_TIMEOUT_SECONDS = 0.25
REDIS_REST_SECONDS = 5
"""After a failure Redis is not asked again for this long, so that a mute one does not slow every call."""
PROBE_SECONDS = 60


class Breaker:
    """Opens after `failures` failures within `window` seconds; after `open_for` seconds one caller may probe."""

    def __init__(self, *, system: str, redis_url: str, failures: int, window: int, open_for: int) -> None:
        self._failures, self._window, self._open_for = failures, window, open_for
        self._keys = {name: f"insure:breaker:{system}:{name}" for name in ("open", "failures", "probe")}
        self._redis = _connection(redis_url) if redis_url else None
        self._resting_until = 0.0

    def refuses_for(self) -> int:
        """Seconds for which calls are refused; 0 lets this call through."""
        if self._is_resting or self._redis is None:
            return 0
        try:
            pipeline = self._redis.pipeline()
            pipeline.get(self._keys["failures"])
            pipeline.ttl(self._keys["open"])
            failures, seconds = pipeline.execute()
            if seconds > 0:
                return int(seconds)
            if int(failures or 0) < self._failures:
                return 0
            may_probe = self._redis.set(self._keys["probe"], 1, nx=True, ex=min(PROBE_SECONDS, self._open_for))
            return 0 if may_probe else 1
        except redis.RedisError as error:
            self._rest(error)
            return 0

    def succeeded(self) -> None:
        if self._is_resting or self._redis is None:
            return
        try:
            self._redis.delete(*self._keys.values())
        except redis.RedisError as error:
            self._rest(error)

    def failed(self) -> None:
        if self._is_resting or self._redis is None:
            return
        try:
            # Remembered beyond the open time, so that the first failure after it opens the breaker again.
            remember = self._window + self._open_for
            pipeline = self._redis.pipeline()
            pipeline.incr(self._keys["failures"])
            pipeline.expire(self._keys["failures"], remember)
            failures, _ = pipeline.execute()
            if failures >= self._failures:
                self._redis.set(self._keys["open"], 1, ex=self._open_for)
                self._redis.delete(self._keys["probe"])
        except redis.RedisError as error:
            self._rest(error)

    @property
    def _is_resting(self) -> bool:
        return time.monotonic() < self._resting_until

    def _rest(self, error: redis.RedisError) -> None:
        self._resting_until = time.monotonic() + REDIS_REST_SECONDS
        logger.warning("circuit breakers are out of reach, calls are let through", extra={"error": str(error)})


@lru_cache
def _connection(redis_url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        redis_url,
        socket_timeout=REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def breaker_of(system: str) -> Breaker:
    settings = IntegrationsSettings.load()
    return Breaker(
        system=system,
        redis_url=settings.REDIS_URL,
        failures=settings.BREAKER_FAILURES,
        window=settings.BREAKER_WINDOW_SECONDS,
        open_for=settings.BREAKER_OPEN_SECONDS,
    )
