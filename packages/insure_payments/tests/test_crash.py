"""Processes killed at every statement: of each change either everything is there or nothing, and the repeat ends it."""

import os
import signal
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection

from insure_audit.public import AuditEvent
from insure_common import outbox
from insure_common.ids import new_id
from insure_common.models import IdempotencyKey, OutboxMessage
from insure_common.testing.outbox import drain
from insure_payments.enums import EntryKind, PaymentStatus, TransactionStatus
from insure_payments.models import Charge, ChargeHold, Entry, Payment, Receipt
from insure_payments.public import verify_ledger
from insure_payments.testing import factories

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "/api/v1"


def is_killed_at(step, work):
    """Run `work` in a process that is killed when it comes to that statement or commit; False if it ends before."""
    child = os.fork()
    if child == 0:
        try:
            _work_and_die(step, work)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _work_and_die(step, work):
    # The parent's own; psycopg ends no connection of another process.
    connection.connection = None
    steps, commit = count(), connection._commit

    def die_here():
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute_or_die(execute, *arguments):
        die_here()
        return execute(*arguments)

    def commit_or_die():
        die_here()
        commit()
        die_here()

    connection._commit = commit_or_die
    with connection.execute_wrapper(execute_or_die):
        work()


def test_start_of_a_payment_is_all_or_nothing_and_the_retry_makes_it_once(user, api):
    api.force_authenticate(user)
    outcomes = Counter()
    for step in count():
        charge, key = factories.make_charge(user=user), str(new_id())
        body = {
            "charge_ids": [str(charge.pk)],
            "method": factories.METHOD,
            "accepted_documents": ["https://wompi.example/policy.pdf"],
        }

        def start(body=body, key=key):
            return api.post(f"{ROOT}/payments/", body, headers={"Idempotency-Key": key})

        was_killed = is_killed_at(step, start)
        payments = Payment.objects.filter(allocations__charge=charge)
        made = [str(payment.pk) for payment in payments]
        assert len(made) in (0, 1)
        assert ChargeHold.objects.filter(charge=charge).count() == len(made)
        assert IdempotencyKey.objects.filter(key=key).count() == len(made)
        assert AuditEvent.objects.filter(target_id__in=made).count() == len(made)
        assert OutboxMessage.objects.filter(payload__payment_id__in=made).count() == len(made)
        answer = start()
        assert answer.status_code == 202
        assert made in ([], [answer.json()["id"]])
        assert payments.all().count() == 1
        outcomes[was_killed, len(made)] += 1
        if not was_killed:
            break
    assert outcomes[True, 0] > 10
    assert outcomes[True, 1] > 0


def test_settlement_is_all_or_nothing_and_ends_exactly_once(user, provider, clock):
    outcomes = Counter()
    for step in count():
        charge = factories.make_charge(user=user)
        payment = factories.make_payment(user=user, charges=[charge])
        drain()
        payment.refresh_from_db()
        provider.report(f"T-{step + 1}", status=TransactionStatus.APPROVED)
        outbox.enqueue("insure_payments.tasks.refresh_payment_task", payload={"payment_id": payment.pk})

        was_killed = is_killed_at(step, lambda: drain(limit=1))
        payment.refresh_from_db()
        settled = int(payment.status == PaymentStatus.APPROVED)
        assert effects_of(payment, charge) == (settled,) * 5

        clock.travel(timedelta(minutes=2))
        outbox.reclaim_expired()
        drain()
        payment.refresh_from_db()
        assert payment.status == PaymentStatus.APPROVED
        assert effects_of(payment, charge) == (1,) * 5
        outcomes[was_killed, settled] += 1
        if not was_killed:
            break
    assert verify_ledger().problems == []
    assert outcomes[True, 0] > 10
    assert outcomes[True, 1] > 0


def effects_of(payment, charge):
    """How often each effect of a settlement is there."""
    return (
        Entry.objects.filter(kind=EntryKind.PAYMENT, transaction__payment=payment).count(),
        Receipt.objects.filter(payment=payment).count(),
        Charge.objects.filter(pk=charge.pk, paid_in_cents=charge.amount_in_cents).count(),
        AuditEvent.objects.filter(target_id=str(payment.pk), action="payments.payment_settled").count(),
        OutboxMessage.objects.filter(
            task__endswith="render_receipt_task", payload__receipt_id=_receipt(payment)
        ).count(),
    )


def _receipt(payment):
    return str(Receipt.objects.filter(payment=payment).values_list("pk", flat=True).first())
