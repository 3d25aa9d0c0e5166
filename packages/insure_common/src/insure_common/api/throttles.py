"""Fair use of costly calls. Not a defence: sign-in and codes are limited in PostgreSQL by insure_users."""

import logging
import time
from functools import cache
from typing import Any

from limits import RateLimitItem, parse_many
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from insure_common import correlation
from insure_common.conf import CommonSettings

logger = logging.getLogger(__name__)

REDIS_TIMEOUT = 0.025
PAUSE_AFTER_FAILURE = 5.0


class FairUse(BaseThrottle):
    """Limits each user, or each address of anonymous callers, to the rates of the view's `throttle_scope`.

    Rates stand in INSURE_COMMON["THROTTLES"]: `{"payments": "5/minute;30/day"}`. Counts are atomic in Redis; while it
    does not answer everybody passes, and one call in five seconds waits (25 ms) to find that out.
    """

    _closed_until = 0.0

    def __init__(self) -> None:
        self._wait = 0.0

    def allow_request(self, request: Request, view: Any) -> bool:
        settings = CommonSettings.load()
        rates = settings.THROTTLES.get(view.throttle_scope)
        if not rates or not settings.REDIS_URL or time.monotonic() < FairUse._closed_until:
            return True
        identity = (view.throttle_scope, str(request.user.pk or correlation.caller()))
        try:
            return all(self._hit(rate, identity, settings.REDIS_URL) for rate in parse_many(rates))
        except RedisError:
            logger.warning("throttle lets everybody through", exc_info=True)
            FairUse._closed_until = time.monotonic() + PAUSE_AFTER_FAILURE
            return True

    def _hit(self, rate: RateLimitItem, identity: tuple[str, ...], url: str) -> bool:
        limiter = _limiter(url)
        if limiter.hit(rate, *identity):
            return True
        self._wait = max(1.0, limiter.get_window_stats(rate, *identity).reset_time - time.time())
        return False

    def wait(self) -> float:
        return self._wait


@cache
def _limiter(url: str) -> SlidingWindowCounterRateLimiter:
    storage = RedisStorage(
        url,
        socket_timeout=REDIS_TIMEOUT,
        socket_connect_timeout=REDIS_TIMEOUT,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type] # goes to redis-py, which takes one
    )
    return SlidingWindowCounterRateLimiter(storage)
