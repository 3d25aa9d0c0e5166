"""Idempotency keys: the same call again answers with the object that the first one made, as it is now."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from insure_common.database import advisory_lock, retried
from insure_common.exceptions import Conflict, Unprocessable, ValidationError
from insure_common.models import IdempotencyKey

LONGEST_KEY = 255


class IdempotencyKeyRequired(ValidationError):
    default_detail = _("This call needs an Idempotency-Key header of 1 to 255 printable characters.")
    default_code = "idempotency_key_required"


class IdempotencyKeyInUse(Conflict):
    default_detail = _("A call with this Idempotency-Key is still running.")
    default_code = "idempotency_key_in_use"


class IdempotencyKeyReused(Unprocessable):
    default_detail = _("This Idempotency-Key was used with another request.")
    default_code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Outcome:
    object_id: UUID
    status: int
    headers: dict[str, str] = field(default_factory=dict)


def idempotently(request: Request, *, effect: Callable[[], Model], status: int, is_required: bool = True) -> Outcome:
    """Run `effect` once per (user, path, Idempotency-Key, body), in one transaction with the key.

    The caller reads the object again by `object_id` and answers with `status` and `headers`. What `effect` raises is
    not remembered. Without `is_required` a request may come without a key, and then makes something new.
    Raises IdempotencyKeyRequired, IdempotencyKeyInUse or IdempotencyKeyReused.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key and not is_required:
        return Outcome(object_id=effect().pk, status=status)
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise IdempotencyKeyRequired
    fingerprint = hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest()
    identity = {"user_id": request.user.pk, "route": request.path, "key": key}
    return _once(identity, fingerprint, effect, status)


@retried
def _once(identity: dict[str, Any], fingerprint: str, effect: Callable[[], Model], status: int) -> Outcome:
    with transaction.atomic():
        if not advisory_lock("idempotency", *identity.values(), wait=False):
            raise IdempotencyKeyInUse
        known = IdempotencyKey.objects.filter(**identity).first()
        if known is None:
            made = effect()
            IdempotencyKey.objects.create(**identity, fingerprint=fingerprint, status_code=status, object_id=made.pk)
            return Outcome(object_id=made.pk, status=status)
    if known.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    return Outcome(object_id=known.object_id, status=known.status_code, headers={"Idempotent-Replayed": "true"})
