"""Reads of consents."""

from django.db.models import QuerySet

from insure_users.models import Consent, User


def consents_of(user: User) -> QuerySet[Consent]:
    """Everything the user ever agreed to, revoked or not."""
    return Consent.objects.filter(user_id=user.pk)
