"""Taking a person out of their account for good. Ids stay: ledger, receipts and sealed audit trail still agree."""

from uuid import UUID

from django.db.transaction import atomic

from insure_common.models import OutboxMessage
from insure_common.outbox import emit
from insure_users import actions
from insure_users.enums import SessionEnd, UserStatus
from insure_users.errors import StatusNotAllowed
from insure_users.models import Challenge, Consent, Session, User
from insure_users.services.manage_users import check_not_last_administrator
from insure_users.services.notices import SEND_NOTICE_TASK
from insure_users.services.operator_rights import locked_target, record_operation
from insure_users.services.sessions import end_sessions_of

USER_PSEUDONYMISED = "user_pseudonymised"


def pseudonymise_user(*, actor: User, user_id: UUID, reason: str) -> User:
    """Blank the person behind an account and close it; nobody can undo this. Emits `user_pseudonymised` {"user_id"}.

    Kept: the id, role and dates of the account, which terms were accepted when, and sessions without device or address.
    Raises ValidationError without a reason, PermissionDenied, NotFound, NobodyChangesOwnRole, LastAdministrator;
    StatusNotAllowed if it was done before.
    """
    with atomic():
        user = locked_target(actor=actor, user_id=user_id, permission="insure_users.pseudonymise_user", reason=reason)
        check_not_last_administrator(user)
        old_email, before = user.email_primary, _values(user)
        user.blank_person()
        user.status = UserStatus.CLOSED
        after = _values(user)
        fields = sorted(name for name, value in before.items() if name != "password" and value != after[name])
        if not fields:
            raise StatusNotAllowed
        user.save()
        end_sessions_of(user, reason=SessionEnd.STATUS)
        _blank_rows_of(user, old_email=old_email)
        record_operation(actions.USER_PSEUDONYMISED, actor, user, reason=reason, fields=fields)
        emit(USER_PSEUDONYMISED, payload={"user_id": user.pk})
        return user


def _values(user: User) -> dict[str, object]:
    return {field.attname: getattr(user, field.attname) for field in user._meta.concrete_fields}


def _blank_rows_of(user: User, *, old_email: str) -> None:
    Session.objects.filter(user_id=user.pk).update(device_name="", client_address=None)
    Consent.objects.filter(user_id=user.pk).update(client_address=None)
    own = Challenge.objects.filter(user_id=user.pk)
    # Registrations and decoys know an address, and no user.
    addresses = {old_email, *own.filter(is_decoy=False).values_list("destination", flat=True)}
    own.delete()
    Challenge.objects.filter(user__isnull=True, destination__in=addresses).delete()
    # A notice to an earlier address names it.
    OutboxMessage.objects.filter(task=SEND_NOTICE_TASK, payload__user_id=str(user.pk)).delete()
