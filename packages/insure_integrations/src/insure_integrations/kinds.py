"""The registry of notification kinds."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class NotificationKind:
    """`title` is what the app lists; `template` is rendered by `insure_common.mail.send_mail`.

    The templates see the notification's context, `title` and `person` (an insure_common.people.Person).
    """

    title: str | Promise
    template: str


_kinds: dict[str, NotificationKind] = {}


def register_notification_kinds(kinds: Mapping[str, NotificationKind]) -> None:
    """Declare kinds such as "payments.receipt"; call in AppConfig.ready."""
    _kinds.update(kinds)


def find_kind(name: str) -> NotificationKind:
    """Raises ImproperlyConfigured if no package declared the kind."""
    if name not in _kinds:
        raise ImproperlyConfigured(f"notification kind {name!r} is not registered")
    return _kinds[name]
