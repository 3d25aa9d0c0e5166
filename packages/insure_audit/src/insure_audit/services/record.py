"""Write to the trail."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from insure_audit.models import Event
from insure_audit.registry import UnknownAction, is_registered
from insure_common import batch, correlation


def record(
    action: str,
    *,
    actor: AbstractBaseUser | None = None,
    target_type: str,
    target_id: object,
    metadata: Mapping[str, Any] | None = None,
) -> Event:
    """Add an event in the caller's transaction: it stands or falls with the change that it tells of.

    `actor` is a user, or None when the system acts by itself; `target_type` is like "insure_payments.payment".
    `metadata` holds ids and NAMES of changed personal fields, never their values, and no secret.
    Raises UnknownAction if no package declared the action, TransactionManagementError outside of a transaction.
    """
    [event] = record_many(action, actor=actor, target_type=target_type, targets={target_id: metadata or {}})
    return event


def record_many(
    action: str,
    *,
    actor: AbstractBaseUser | None = None,
    target_type: str,
    targets: Mapping[Any, Mapping[str, Any]],
) -> list[Event]:
    """`record` for one action on many objects, in one statement; `targets` maps each object's id to its metadata."""
    if not is_registered(action):
        raise UnknownAction(action)
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{action} must be recorded in the transaction of its change")
    events = [
        Event(
            actor_id=actor.pk if actor else None,
            actor_role=getattr(actor, "role", ""),
            action=action,
            target_type=target_type,
            target_id=str(target_id),
            correlation_id=correlation.correlation_id(),
            client_address=correlation.client_address(),
            metadata=dict(metadata),
        )
        for target_id, metadata in targets.items()
    ]
    batch.insert(events)
    return events
