"""Taking back a consent."""

from django.db.transaction import atomic

from insure_audit.public import record
from insure_common import clock
from insure_users import actions
from insure_users.errors import NotFound
from insure_users.models import Consent, User


def revoke_consent(*, user: User, kind: str) -> Consent:
    """Revoke the consent of that kind that is in force. Raises NotFound if there is none."""
    with atomic():
        consent = Consent.objects.select_for_update().filter(user_id=user.pk, kind=kind, revoked_at=None).first()
        if consent is None:
            raise NotFound
        consent.revoked_at = clock.now()
        consent.save(update_fields=["revoked_at"])
        record(
            actions.CONSENT_REVOKED,
            actor=user,
            target_type=actions.USER,
            target_id=user.pk,
            metadata={"kind": kind, "version": consent.version},
        )
        return consent
