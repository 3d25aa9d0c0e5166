"""Store an authentic event of a provider, once."""

from collections.abc import Mapping

from insure_common import batch, outbox
from insure_common.exceptions import NotFound
from insure_payments.conf import PaymentsSettings
from insure_payments.gateways.base import gateway
from insure_payments.models import WebhookEvent

KEPT_HEADERS = ("content-type", "user-agent", "x-event-checksum", "date")


def receive_webhook(*, provider: str, headers: Mapping[str, str], body: bytes) -> None:
    """Verify an event and store it for a worker; of the same event again nothing is stored.

    Nothing is stored of what is not authentic either. Raises the gateway's InvalidSignature (401) or
    MalformedNotification (400), and NotFound for a provider that is not configured.
    """
    if provider not in PaymentsSettings.load().GATEWAYS:
        raise NotFound
    notification = gateway(provider).parse_notification(headers, body)
    event = WebhookEvent(
        provider=provider,
        event_id=f"{notification.environment}:{notification.event_key}",
        event_name=notification.event_name,
        environment=notification.environment,
        transaction_id=notification.provider_id,
        payload=notification.payload,
        raw_body=body,
        headers={name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS},
    )
    work = outbox.new_message(
        "insure_payments.tasks.process_webhook_task", payload={"event_id": event.pk}, priority=outbox.Priority.URGENT
    )
    batch.insert_once(event, then=[work])
