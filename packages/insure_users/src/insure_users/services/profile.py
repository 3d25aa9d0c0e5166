"""Changes that people make to their own data."""

from collections.abc import Mapping
from typing import Any

from django.db.transaction import atomic

from insure_audit.public import record
from insure_users import actions
from insure_users.errors import NotFound
from insure_users.models import User
from insure_users.selectors.users import active_user_locked
from insure_users.services.notices import Notice, notify_user


def change_profile(*, user: User, changes: Mapping[str, Any]) -> User:
    """Store what differs, and tell the user by mail which must not have been somebody else."""
    with atomic():
        current = active_user_locked(user.pk)
        if current is None:
            raise NotFound
        changed = sorted(name for name, value in changes.items() if getattr(current, name) != value)
        if not changed:
            return current
        for name in changed:
            setattr(current, name, changes[name])
        current.save(update_fields=changed)
        record(
            actions.PROFILE_CHANGED,
            actor=current,
            target_type=actions.USER,
            target_id=current.pk,
            metadata={"fields": changed},
        )
        notify_user(current, Notice.PROFILE_CHANGED)
        return current
