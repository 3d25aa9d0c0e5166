"""Security mails to a user, through the outbox."""

from enum import StrEnum

from django.contrib.auth import get_user_model
from django.utils.translation import get_language

from insure_common.mail import send_mail
from insure_common.outbox import enqueue
from insure_users.models import User

SEND_NOTICE_TASK = "insure_users.tasks.send_notice_task"


class Notice(StrEnum):
    """Each has its templates in `insure_users/mail/`."""

    SESSION_ENDED = "session_ended"
    PROFILE_CHANGED = "profile_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 not a password
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CHANGED = "email_changed"


def notify_user(user: User, notice: Notice, *, to: str = "") -> None:
    """Mail a notice to the user's address, or to the one that was theirs until now; in the caller's transaction."""
    payload = {"user_id": user.pk, "notice": notice, "language": get_language() or "es", "to": to}
    enqueue(SEND_NOTICE_TASK, payload=payload)


def send_notice(*, user_id: str, notice: str, language: str, to: str) -> None:
    """The worker's part: render and send."""
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    if user is None:
        return
    send_mail(
        template=f"insure_users/mail/{Notice(notice)}",
        to=to or user.email_primary,
        context={},
        language=language,
    )
