"""What bench_payments measures of insure_payments, and what that work is done on."""

import hashlib
import io
import json
import time
from datetime import timedelta
from itertools import count
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.test.utils import override_settings
from payments_floor import KEY

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import AccountKind, EntryKind, TransactionStatus
from insure_payments.gateways.base import GatewayTransaction
from insure_payments.gateways.wompi_events import event_checksum
from insure_payments.models import Allocation, Charge, ChargeHold, Payment, Transaction
from insure_payments.services.post_charges import post_charges
from insure_payments.services.post_entry import Draft, Leg, post_entry
from insure_payments.services.settle_payment import settle_payment
from insure_payments.services.start_payment import reference_of
from insure_payments.testing.factories import METHOD

numbers = count(1)


def event() -> bytes:
    """A genuine event of Wompi, of about 1.1 kB."""
    secret = settings.INSURE_PAYMENTS["GATEWAYS"]["WOMPI"]["events_secret"]
    number, timestamp = f"1{time.time_ns()}-{next(numbers)}", int(time.time())
    checksum = event_checksum(f"{number}APPROVED11900000", timestamp=timestamp, events_secret=secret)
    customer = {f"field_{n}": "v" * 40 for n in range(10)}
    body = {
        "event": "transaction.updated",
        "data": {
            "transaction": {"id": number, "status": "APPROVED", "amount_in_cents": 11_900_000, "customer": customer}
        },
        "environment": "test",
        "signature": {
            "properties": ["transaction.id", "transaction.status", "transaction.amount_in_cents"],
            "checksum": checksum,
        },
        "timestamp": timestamp,
        "sent_at": "2026-11-25T12:00:00.000Z",
    }
    return json.dumps(body).encode()


def posts_through(handler: WSGIHandler, url: str, bodies: list[bytes]) -> None:
    for body in bodies:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": url,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_X_CHECKSUM": hashlib.sha256(body + KEY).hexdigest(),
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        response = handler(environ, lambda *_: None)
        assert response.status_code == 200, response.content
        response.close()


def handlers() -> tuple[WSGIHandler, WSGIHandler]:
    composed = WSGIHandler()
    with override_settings(MIDDLEWARE=[]):
        bare = WSGIHandler()
    return composed, bare


def settlements(reports: list[tuple[Any, GatewayTransaction]]) -> None:
    for payment_id, reported in reports:
        settle_payment(payment_id=payment_id, reported=reported)


def pending_payments(amount: int, users: list[Any]) -> list[tuple[Any, GatewayTransaction]]:
    """Payments of one charge each, opened at the provider, and what the provider then says of them."""
    now, payments = clock.now(), []
    charges = [
        Charge(
            user_id=users[number % len(users)],
            system="CASSE",
            reference=f"B-{new_id()}",
            holder_reference="H",
            concept="Prima seguro de hogar",
            policy_reference="POL-1",
            due_date=clock.today(),
            amount_in_cents=11_900_000,
            tax_in_cents=1_900_000,
            currency="COP",
        )
        for number in range(amount)
    ]
    with transaction.atomic():
        post_charges(charges)
        Charge.objects.bulk_create(charges)
        for charge in charges:
            number = new_id()
            payments.append(
                Payment(
                    id=number,
                    user_id=charge.user_id,
                    provider="WOMPI",
                    reference=reference_of(number),
                    status="PENDING",
                    amount_in_cents=charge.amount_in_cents,
                    currency="COP",
                    method=METHOD,
                    accepted_documents=[],
                    return_url="http://testserver/",
                    redirect_url="https://bank.example/",
                    expires_at=now + timedelta(hours=1),
                    next_poll_at=now + timedelta(minutes=1),
                )
            )
        Payment.objects.bulk_create(payments)
        pairs = list(zip(payments, charges, strict=True))
        Allocation.objects.bulk_create(
            Allocation(payment=payment, charge=charge, requested_in_cents=charge.amount_in_cents)
            for payment, charge in pairs
        )
        ChargeHold.objects.bulk_create(
            ChargeHold(payment=payment, charge=charge, expires_at=payment.expires_at) for payment, charge in pairs
        )
        attempts = Transaction.objects.bulk_create(
            Transaction(
                payment=payment,
                provider="WOMPI",
                provider_id=str(payment.pk),
                status="PENDING",
                amount_in_cents=payment.amount_in_cents,
                currency="COP",
            )
            for payment in payments
        )
    return [
        (
            attempt.payment_id,
            GatewayTransaction(
                provider="WOMPI",
                provider_id=str(attempt.provider_id),
                reference=attempt.payment.reference,
                status=TransactionStatus.APPROVED,
                amount_in_cents=attempt.amount_in_cents,
                currency="COP",
                environment="test",
                trace_code="123456",
                message="Aprobada",
                finalized_at=now,
            ),
        )
        for attempt in attempts
    ]


def postings(users: list[Any], amount: int) -> None:
    for _ in range(amount):
        number = next(numbers)
        with transaction.atomic():
            post_entry(
                Draft(
                    kind=EntryKind.PAYMENT,
                    source="BENCH",
                    external_id=f"{time.time_ns()}-{number}",
                    description="bench",
                    currency="COP",
                    legs=(
                        Leg(1234, AccountKind.CLEARING),
                        Leg(-1234, user_id=users[number % len(users)]),
                    ),
                )
            )
