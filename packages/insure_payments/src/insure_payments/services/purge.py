"""Deletes the events of providers when nobody will ask about them any more."""

from datetime import timedelta

from insure_common import clock
from insure_common.retention import delete_in_batches
from insure_payments.conf import PaymentsSettings
from insure_payments.models import WebhookEvent


def purge() -> int:
    """Delete in batches; returns how many rows."""
    long_ago = clock.now() - timedelta(days=PaymentsSettings.load().WEBHOOK_DAYS)
    return delete_in_batches(WebhookEvent.objects.filter(received_at__lt=long_ago))
