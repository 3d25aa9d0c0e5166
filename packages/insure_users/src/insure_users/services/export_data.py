"""Everything that is kept about a person, for the person (Ley 1581 de 2012, art. 14), with proof of authorisation."""

import json
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.db.transaction import atomic

from insure_audit.public import AuditEvent, NotSealedYet, prove
from insure_common import clock
from insure_common.conf import import_dotted
from insure_common.export import columns_of
from insure_users import actions
from insure_users.conf import UsersSettings
from insure_users.models import Challenge, Consent, DataRequest, Session, User
from insure_users.services.operator_rights import locked_target, record_operation

SECRETS = {"password", "password_hash", "code_hash", "current", "previous", "kid", "is_decoy"}
"""Columns that would let somebody in, or tell how the system defends itself; none holds a person's data."""


def export_data(*, actor: User, user_id: UUID, reason: str) -> dict[str, Any]:
    """JSON values of all that is keyed to the user here and in the packages named in EXPORT_PARTS.

    Each consent event comes with its proof in the sealed audit trail, null until the sealer has run.
    Raises ValidationError without a reason, PermissionDenied, NotFound.
    """
    with atomic():
        user = locked_target(
            actor=actor, user_id=user_id, permission="insure_users.export_user", reason=reason, may_be_own=True
        )
        parts = {
            "user": _columns(user),
            "consents": [_columns(row) for row in Consent.objects.filter(user_id=user.pk).order_by("pk")],
            "consent_events": [_with_proof(event) for event in _consent_events(user)],
            "requests": [_columns(row) for row in DataRequest.objects.filter(user_id=user.pk).order_by("pk")],
            "sessions": [_columns(row) for row in Session.objects.filter(user_id=user.pk).order_by("pk")],
            "challenges": [_columns(row) for row in Challenge.objects.filter(user_id=user.pk).order_by("pk")],
        }
        for name, path in UsersSettings.load().EXPORT_PARTS.items():
            parts[name] = import_dotted(path)(user_id=user.pk)
        record_operation(actions.USER_EXPORTED, actor, user, reason=reason, parts=sorted(parts))
    exported: dict[str, Any] = json.loads(json.dumps({"exported_at": clock.now(), **parts}, cls=DjangoJSONEncoder))
    return exported


def _columns(row: Model) -> dict[str, Any]:
    return columns_of(row, without=SECRETS)


def _consent_events(user: User) -> list[AuditEvent]:
    kinds = (actions.CONSENT_GIVEN, actions.CONSENT_REVOKED)
    found = AuditEvent.objects.filter(action__in=kinds, target_type=actions.USER, target_id=str(user.pk))
    return list(found.order_by("pk"))


def _with_proof(event: AuditEvent) -> dict[str, Any]:
    try:
        proof = asdict(prove(event))
    except NotSealedYet:
        proof = None
    return {
        "id": event.pk,
        "action": event.action,
        "occurred_at": event.occurred_at,
        "client_address": event.client_address,
        "metadata": event.metadata,
        "proof": proof,
    }
