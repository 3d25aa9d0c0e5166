"""Yesterday's backup is restored, and what happened since comes back from the provider, once."""

import subprocess
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.db import connection, connections

from insure_audit.public import seal_pending, verify
from insure_common.testing.http import serve
from insure_common.testing.servers import postgres_program
from insure_payments.enums import DifferenceState, PaymentStatus
from insure_payments.models import Account, Difference, Entry, Payment, Receipt
from insure_payments.public import verify_ledger
from insure_payments.services.reconcile_day import reconcile_day
from insure_payments.services.request_reconciliation import request_reconciliation
from insure_payments.services.sweep_payments import sweep_pending_payments
from insure_payments.testing import factories
from insure_payments.testing.wompi import WompiSandbox
from insure_users.testing.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wompi(settings):
    """Wompi, whose events get lost."""
    sandbox = WompiSandbox()
    sandbox.control_post({"progress_delay_ms": 0})
    with serve(sandbox.app) as url:
        urls = {"base_url": f"{url}/v1", "checkout_url": f"{url}/p/"}
        adapter = {**settings.INSURE_PAYMENTS["GATEWAYS"]["WOMPI"], **urls, **sandbox.keys}
        settings.INSURE_PAYMENTS = {**settings.INSURE_PAYMENTS, "GATEWAYS": {"WOMPI": adapter}}
        yield sandbox


def test_restored_backup_regains_what_the_provider_knows(tmp_path, wompi, drain_outbox, clock):
    user, today = make_user(), clock.today()
    before = open_payment(user, drain_outbox)
    seal_pending()
    backup = dump(tmp_path / "backup")
    after = open_payment(user, drain_outbox)
    for payment in (before, after):
        approve(payment)
    clock.travel(timedelta(minutes=2))
    sweep(drain_outbox)
    seal_pending()
    assert Receipt.objects.count() == 2

    restore(backup)
    assert [payment.status for payment in Payment.objects.all()] == [PaymentStatus.PENDING]

    for _ in range(2):
        sweep(drain_outbox)
    before.refresh_from_db()
    assert (before.status, Entry.objects.filter(kind="PAYMENT").count()) == (PaymentStatus.APPROVED, 1)
    assert Account.objects.get(user=user).balance_in_cents == 0
    seal_pending()
    assert any("not the one that was anchored" in problem for problem in verify().problems)
    clock.travel(timedelta(days=1))
    reconcile_day(reconciliation_id=request_reconciliation(provider="WOMPI", date=today).pk)
    lost = Difference.objects.get(state=DifferenceState.OPEN)
    assert (lost.kind, lost.theirs) == ("MISSING_HERE", f"APPROVED {after.amount_in_cents} COP")
    assert verify_ledger().problems == []


def open_payment(user, drain_outbox):
    charge = factories.make_charge(user=user, system="TEST")
    payment = factories.make_payment(user=user, charges=[charge], method={"type": "CHECKOUT"})
    drain_outbox()
    payment.refresh_from_db()
    return payment


def approve(payment):
    """As its payer, on Wompi's page."""
    page, query = payment.redirect_url.split("?", 1)
    answer = httpx.post(f"{page}aprobar?{query}", data={"method": "PSE"}, trust_env=False)
    assert answer.status_code == 303, answer.text


def sweep(drain_outbox):
    sweep_pending_payments()
    drain_outbox()


def dump(file: Path) -> Path:
    _run("pg_dump", "--format=custom", f"--file={file}")
    return file


def restore(file: Path) -> None:
    connections.close_all()
    _run("pg_restore", "--clean", "--if-exists", "--single-transaction", f"--dbname={_database()}", str(file))


def _run(program: str, *arguments: str) -> None:
    arguments = arguments if program == "pg_restore" else (*arguments, _database())
    subprocess.run([postgres_program(program), *arguments], check=True)


def _database() -> str:
    given = connection.settings_dict
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"
