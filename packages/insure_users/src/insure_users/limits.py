"""Limits of sign-in and codes, counted by one conditional statement of PostgreSQL before the work is done.

A limit that is reached answers 429 with the seconds to wait and opens again by itself.
"""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from insure_common import clock
from insure_common.correlation import client_address
from insure_common.exceptions import TooManyRequests
from insure_users.conf import UsersSettings
from insure_users.models import Counter

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# `backoff`: seconds of the first delay, which doubles up to `longest`; NULL: blocked until the window ends.
TAKE = """
INSERT INTO insure_users_counter AS c (key, count, window_ends_at, blocked_until)
VALUES (%(key)s, 1, %(window_end)s, NULL)
ON CONFLICT (key) DO UPDATE SET
  count = CASE WHEN c.window_ends_at <= %(now)s THEN 1 ELSE c.count + 1 END,
  window_ends_at = CASE
    WHEN c.window_ends_at <= %(now)s OR %(backoff)s::int IS NOT NULL THEN %(window_end)s ELSE c.window_ends_at END,
  blocked_until = CASE
    WHEN c.window_ends_at <= %(now)s OR c.count + 1 < %(most)s THEN NULL
    WHEN %(backoff)s::int IS NULL THEN c.window_ends_at
    ELSE %(now)s::timestamptz + make_interval(secs => least(
      %(backoff)s::int * power(2, least(c.count + 1 - %(most)s, 30)), %(longest)s::int)) END
WHERE c.blocked_until IS NULL OR c.blocked_until <= %(now)s
RETURNING count
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """`most` uses in `window`; then nothing until the window ends or, with `backoff`, one use after each delay.

    With `backoff` the window begins anew with each use, so that the delays shrink only after a pause.
    """

    name: str
    most: int
    window: timedelta
    backoff: int | None = None
    longest: int | None = None

    def take(self, *subject: object) -> None:
        """Count one use of `subject`. Raises TooManyRequests, counting nothing, while it is blocked."""
        now, key = clock.now(), self._key(subject)
        values: dict[str, Any] = {
            "key": key,
            "now": now,
            "window_end": now + self.window,
            "most": self.most,
            "backoff": self.backoff,
            "longest": self.longest,
        }
        with connection.cursor() as cursor:
            cursor.execute(TAKE, values)
            if cursor.fetchone():
                return
        blocked_until = Counter.objects.values_list("blocked_until", flat=True).filter(key=key).first() or now
        raise TooManyRequests(wait=max(1, math.ceil((blocked_until - now).total_seconds())))

    def give_back(self, *subject: object) -> None:
        """Undo one use that turned out to be harmless, and the block that it caused."""
        Counter.objects.filter(key=self._key(subject)).update(count=Greatest(F("count") - 1, 0), blocked_until=None)

    def clear(self, *subject: object) -> None:
        """Forget every use of `subject`."""
        Counter.objects.filter(key=self._key(subject)).delete()

    def _key(self, subject: tuple[object, ...]) -> str:
        digest = hashlib.sha256("\x1f".join(str(part) for part in subject).encode()).hexdigest()
        return f"{self.name}:{digest}"


def caller() -> str:
    """Whom limits per client address count: the address, or the /64 of an IPv6 one, which is one customer."""
    address = client_address()
    if address and ":" in address:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return address or "unknown"


def failed_logins_of_account() -> Limit:
    return _failed_logins("login-account", UsersSettings.load().FAILED_LOGINS_PER_ACCOUNT, DAY)


def failed_logins_of_address() -> Limit:
    """Many people share one address (mobile networks): it is forgotten after a quiet hour."""
    return _failed_logins("login-address", UsersSettings.load().FAILED_LOGINS_PER_ADDRESS, HOUR)


def _failed_logins(name: str, most: int, window: timedelta) -> Limit:
    settings = UsersSettings.load()
    return Limit(name, most, window, backoff=settings.FIRST_DELAY_SECONDS, longest=settings.LONGEST_DELAY_SECONDS)


def wrong_codes(purpose: str, destination: str) -> list[tuple[Limit, tuple[str, ...]]]:
    """The day's budget of wrong codes: for each caller, so that nobody spends the owner's, and a larger one for all."""
    most = UsersSettings.load().WRONG_CODES_PER_DAY
    return [
        (Limit("wrong-codes", most, DAY), (purpose, destination, caller())),
        (Limit("wrong-codes-all", most * 10, DAY), (purpose, destination)),
    ]


def take_mail(*, purpose: str, destination: str) -> None:
    """Count one code that will be mailed. Raises TooManyRequests.

    Known and unknown addresses count alike. Somebody else's requests for the same address use up the hour's share of
    that purpose at worst, never the minute's share of its owner.
    """
    settings = UsersSettings.load()
    Limit("mail-minute", settings.MAILS_PER_MINUTE, timedelta(minutes=1)).take(purpose, destination, caller())
    Limit("mail-address", settings.MAILS_PER_ADDRESS_PER_HOUR, HOUR).take(caller())
    Limit("mail-hour", settings.MAILS_PER_HOUR, HOUR).take(purpose, destination)
    if settings.MAILS_PER_DAY:
        Limit("mail-day", settings.MAILS_PER_DAY, DAY).take("all")
