"""What every act of an operator starts with: a right and a reason."""

from typing import Any

from django.utils.translation import gettext as _

from insure_common.exceptions import PermissionDenied, ValidationError


def check_operator(actor: Any, *, permission: str, reason: str) -> None:
    """Raises ValidationError without a reason, PermissionDenied without the right."""
    if not reason.strip():
        raise ValidationError({"reason": [_("A reason is required.")]})
    if not actor.has_perm(permission):
        raise PermissionDenied
