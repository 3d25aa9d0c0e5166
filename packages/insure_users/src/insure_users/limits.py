"""Limits of sign-in and codes, counted together by one conditional statement of PostgreSQL before the work is done.

A limit that is reached answers 429 with the seconds to wait and opens again by itself.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Max

from insure_common import clock
from insure_common.correlation import caller
from insure_common.exceptions import TooManyRequests
from insure_users.conf import UsersSettings
from insure_users.models import Counter

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Rows are locked in the order of their keys, here as in GIVE_BACK: two calls never wait for each other.
TAKE = """
WITH wanted AS (
  SELECT * FROM unnest(%(keys)s::text[], %(most)s::int[], %(window_ends)s::timestamptz[], %(backoff)s::int[],
    %(longest)s::int[]) AS w (key, most, window_end, backoff, longest)
)
INSERT INTO insure_users_counter AS c (key, count, window_ends_at)
SELECT key, 1, window_end FROM wanted
WHERE NOT EXISTS (SELECT FROM insure_users_counter JOIN wanted USING (key) WHERE blocked_until > %(now)s)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET (count, window_ends_at, blocked_until) = (
  SELECT
    used.count,
    CASE WHEN used.count = 1 OR w.backoff IS NOT NULL THEN w.window_end ELSE c.window_ends_at END,
    CASE
      WHEN used.count < w.most THEN NULL
      WHEN w.backoff IS NULL THEN c.window_ends_at
      ELSE %(now)s::timestamptz
        + make_interval(secs => least(w.backoff * power(2, least(used.count - w.most, 30)), w.longest))
    END
  FROM wanted AS w
  CROSS JOIN (SELECT CASE WHEN c.window_ends_at <= %(now)s THEN 1 ELSE c.count + 1 END AS count) AS used
  WHERE w.key = c.key
)
WHERE c.blocked_until IS NULL OR c.blocked_until <= %(now)s
RETURNING key
"""
GIVE_BACK = """
WITH held AS (SELECT key FROM insure_users_counter WHERE key = ANY(%s) ORDER BY key FOR UPDATE)
UPDATE insure_users_counter AS c SET count = greatest(c.count - 1, 0), blocked_until = NULL
FROM held WHERE c.key = held.key
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` uses of `subject` in `window`; then nothing until the window ends or, with `backoff`, one use after each
    delay: the first of `backoff` seconds, each twice the one before, up to `longest`.

    With `backoff` the window begins anew with each use, so that the delays shrink only after a pause.
    """

    name: str
    subject: tuple[str, ...]
    most: int
    window: timedelta
    backoff: int | None = None
    longest: int | None = None

    @property
    def key(self) -> str:
        return f"{self.name}:{hashlib.sha256(chr(0x1F).join(self.subject).encode()).hexdigest()}"


def take(*limits: Limit) -> None:
    """Count one use of each. Raises TooManyRequests, counting nothing, while one of them is blocked."""
    now = clock.now()
    keyed = {limit.key: limit for limit in limits}
    values: dict[str, Any] = {
        "now": now,
        "keys": list(keyed),
        "most": [limit.most for limit in limits],
        "window_ends": [now + limit.window for limit in limits],
        "backoff": [limit.backoff for limit in limits],
        "longest": [limit.longest for limit in limits],
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, values)
        counted = [key for (key,) in cursor.fetchall()]
    if len(counted) == len(limits):
        return
    if counted:  # another use has blocked the others while this one was on its way
        give_back(*(keyed[key] for key in counted))
    blocked = Counter.objects.filter(key__in=keyed, blocked_until__gt=now)
    until = blocked.aggregate(last=Max("blocked_until"))["last"] or now
    raise TooManyRequests(wait=max(1, math.ceil((until - now).total_seconds())))


def give_back(*limits: Limit) -> None:
    """Undo one use of each that turned out to be harmless, and the blocks that it caused."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_BACK, [[limit.key for limit in limits]])


def clear(limit: Limit) -> None:
    """Forget every use."""
    Counter.objects.filter(key=limit.key).delete()


def failed_logins_of_account(email: str) -> Limit:
    return _failed_logins("login-account", email, UsersSettings.load().FAILED_LOGINS_PER_ACCOUNT, DAY)


def failed_logins(email: str) -> list[Limit]:
    """Of the account and of the caller. Many people share one address (mobile networks): it is forgotten after a quiet
    hour.
    """
    most = UsersSettings.load().FAILED_LOGINS_PER_ADDRESS
    return [failed_logins_of_account(email), _failed_logins("login-address", caller(), most, HOUR)]


def _failed_logins(name: str, subject: str, most: int, window: timedelta) -> Limit:
    settings = UsersSettings.load()
    delays = {"backoff": settings.FIRST_DELAY_SECONDS, "longest": settings.LONGEST_DELAY_SECONDS}
    return Limit(name, (subject,), most, window, **delays)


def wrong_codes(purpose: str, destination: str) -> list[Limit]:
    """The day's budget of wrong codes: for each caller, so that nobody spends the owner's, and a larger one for all."""
    most = UsersSettings.load().WRONG_CODES_PER_DAY
    return [
        Limit("wrong-codes", (purpose, destination, caller()), most, DAY),
        Limit("wrong-codes-all", (purpose, destination), most * 10, DAY),
    ]


def take_mail(*, purpose: str, destination: str) -> None:
    """Count one code that will be mailed. Raises TooManyRequests.

    Known and unknown addresses count alike. Somebody else's requests for the same address use up the hour's share of
    that purpose at worst, never the minute's share of its owner.
    """
    settings = UsersSettings.load()
    limits = [
        Limit("mail-minute", (purpose, destination, caller()), settings.MAILS_PER_MINUTE, MINUTE),
        Limit("mail-hour", (purpose, destination), settings.MAILS_PER_HOUR, HOUR),
        Limit("mail-address", (caller(),), settings.MAILS_PER_ADDRESS_PER_HOUR, HOUR),
    ]
    if settings.MAILS_PER_DAY:
        limits.append(Limit("mail-day", ("all",), settings.MAILS_PER_DAY, DAY))
    take(*limits)
