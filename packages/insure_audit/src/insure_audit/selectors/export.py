"""What the trail says of a person, for the export of their data."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from insure_audit.models import Event
from insure_common.export import exported


def export_events(*, user_id: Any) -> dict[str, list[dict[str, Any]]]:
    """What the person did and what others did to their account; who the others were is not the person's."""
    targets = {get_user_model()._meta.label_lower, "insure_users.user"}
    about = Q(target_type__in=targets, target_id=str(user_id))
    return exported(Event.objects.filter(about | Q(actor_id=user_id)), without=["actor_id"])
