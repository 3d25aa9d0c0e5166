"""One person all the way through the product, and what is left of them after they were pseudonymised."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from insure_audit.public import seal_pending, verify
from insure_common.ids import new_id
from insure_common.testing.http import serve
from insure_integrations.public import request_sync
from insure_integrations.testing.casse import CasseSandbox
from insure_payments.enums import PaymentStatus
from insure_payments.models import Payment, Receipt
from insure_payments.public import verify_ledger
from insure_payments.testing.wompi import WompiSandbox
from insure_policies.models import Document, Policy
from insure_users.enums import Role, UserStatus
from insure_users.public import export_data, pseudonymise_user
from insure_users.testing.factories import PASSWORD, make_user, person
from insure_users.testing.sign_in import code_in

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = "/api/v1"
ZORAIDA = {
    "full_name": "Zoraida Quintanilla",
    "id_number": "1098765432",
    "email_primary": "zoraida.q@example.com",
    "email_secondary": "zori@example.org",
    "phone": "+573157654321",
    "address": "Calle 93 # 14-20, apto. 805",
    "birth_date": "1987-03-09",
}
TRACES = ("zoraida", "quintanilla", "1098765432", "zori@", "3157654321", "14-20", "1987-03-09")


@pytest.fixture
def casse(settings: Any) -> Iterator[CasseSandbox]:
    sandbox = CasseSandbox(policies=3)
    with serve(sandbox.app) as url:
        client = settings.INSURE_INTEGRATIONS["SYSTEMS"]["CASSE"] | {"base_url": url}
        settings.INSURE_INTEGRATIONS = {"SYSTEMS": {"CASSE": client}}
        yield sandbox


@pytest.fixture
def wompi(settings: Any, live_server: Any) -> Iterator[WompiSandbox]:
    sandbox = WompiSandbox()
    sandbox.control_post({"progress_delay_ms": 0, "events": {"url": f"{live_server.url}{ROOT}/webhooks/wompi/"}})
    with serve(sandbox.app) as url:
        adapter = settings.INSURE_PAYMENTS["GATEWAYS"]["WOMPI"] | {"base_url": f"{url}/v1", **sandbox.keys}
        settings.INSURE_PAYMENTS = settings.INSURE_PAYMENTS | {"GATEWAYS": {"WOMPI": adapter}}
        yield sandbox


@pytest.fixture
def zoraida(
    casse: CasseSandbox,
    wompi: WompiSandbox,
    api: Any,
    mailbox: Any,
    drain_outbox: Any,
    settings: Any,
    tmp_path: Any,
) -> Any:
    """Registered, signed in, insured in person, and with a premium paid by PSE."""
    settings.STORAGES = settings.STORAGES | {
        alias: {**settings.STORAGES[alias], "OPTIONS": {"location": str(tmp_path / alias)}}
        for alias in ("default", "audit_anchor")
    }
    names = casse.add_holder(
        id_type="CC",
        id_number=ZORAIDA["id_number"],
        full_name=ZORAIDA["full_name"],
        email=ZORAIDA["email_primary"],
    )
    insured = {"kind": "PERSONA", "description": ZORAIDA["full_name"], "identifier": ZORAIDA["id_number"]}
    casse.portfolio.replace(casse.portfolio.policies, names["policy"], insured=[insured])
    terms = {"password": PASSWORD, "accepts_terms": True, "terms_version": "2026-11"}
    asked = api.post(f"{ROOT}/auth/register/", person(**ZORAIDA) | terms)
    user = _enter(api, asked, mailbox, drain_outbox)
    _sync(drain_outbox)
    _pay(api, wompi, drain_outbox)
    assert len(mailbox.messages(to=user.email_primary)) == 2, "the code and the receipt"
    return user


def _enter(api: Any, asked: Any, mailbox: Any, drain_outbox: Any) -> Any:
    from insure_users.models import User

    assert asked.status_code == 202, asked.json()
    drain_outbox()
    code = code_in(mailbox.messages(to=ZORAIDA["email_primary"])[0])
    signed_in = api.post(f"{ROOT}/auth/otp/verify/", {"challenge_id": asked.json()["challenge_id"], "code": code})
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in.json()['access']}")
    drain_outbox()
    return User.objects.get(pk=signed_in.json()["user"]["id"])


def _sync(drain_outbox: Any) -> None:
    for job in ("casse.policies", "casse.charges"):
        request_sync(job=job, full=True)
    drain_outbox()


def _pay(api: Any, wompi: WompiSandbox, drain_outbox: Any) -> None:
    api.get(f"{ROOT}/payment-methods/")
    drain_outbox()
    documents = api.get(f"{ROOT}/payment-methods/").json()["accepted_documents"]
    body = {
        "charge_ids": [api.get(f"{ROOT}/charges/").json()["results"][0]["id"]],
        "method": {
            "type": "PSE",
            "institution": api.get(f"{ROOT}/pse/institutions/").json()["results"][0]["code"],
            "person_type": "NATURAL",
            "id_type": "CC",
            "id_number": ZORAIDA["id_number"],
        },
        "accepted_documents": [document["permalink"] for document in documents],
    }
    answer = api.post(f"{ROOT}/payments/", body, headers={"Idempotency-Key": str(new_id())})
    assert answer.status_code == 202, answer.json()
    drain_outbox()
    payment = Payment.objects.get(pk=answer.json()["id"])
    wompi.finish(payment.reference, "APPROVED")
    deadline = time.monotonic() + 20
    while payment.status != PaymentStatus.APPROVED:
        assert time.monotonic() < deadline, payment.status
        drain_outbox(reraise=False)
        payment.refresh_from_db()
    drain_outbox()


def traces() -> set[str]:
    """table.column of everything in the database in which the person is named."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            columns = [column.name for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(columns, row, strict=True):
                    text = (
                        bytes(value).decode(errors="replace") if isinstance(value, memoryview | bytes) else str(value)
                    )
                    if any(trace in text.casefold() for trace in TRACES):
                        found.add(f"{table}.{name}")
    return found


def test_nothing_in_the_database_names_a_pseudonymised_person(zoraida, drain_outbox):
    assert {
        "insure_users_user.full_name",
        "insure_policies_policy.insured",
        "insure_payments_payment.method",
        "insure_payments_webhookevent.raw_body",
        "insure_integrations_holderlink.id_number",
    } <= traces()
    seal_pending()
    pseudonymise_user(actor=make_user(role=Role.ADMIN), user_id=zoraida.pk, reason="asked for")
    drain_outbox()
    assert traces() == set()
    zoraida.refresh_from_db()
    assert zoraida.status == UserStatus.CLOSED
    seal_pending()
    assert verify().problems == []
    assert verify_ledger().problems == []


def test_what_the_law_keeps_stays_and_the_core_system_brings_nothing_back(zoraida, casse, drain_outbox):
    kept = {
        Receipt: list(Receipt.objects.values("number", "sha256", "path", "lines")),
        Document: list(Document.objects.values("sha256", "path")),
        Policy: list(Policy.objects.filter(user=zoraida).values("number", "status", "user", "premium_total_in_cents")),
    }
    assert all(kept.values())
    pseudonymise_user(actor=make_user(role=Role.ADMIN), user_id=zoraida.pk, reason="asked for")
    drain_outbox()
    for reference in list(casse.portfolio.policies):
        casse.portfolio.replace(casse.portfolio.policies, reference, payment_plan="MENSUAL")
    _sync(drain_outbox)
    assert set(Policy.objects.values_list("payment_plan", flat=True)) == {"MENSUAL"}
    assert traces() == set()
    for model, rows in kept.items():
        found = model.objects.filter(user=zoraida) if model is Policy else model.objects.all()
        assert list(found.values(*rows[0])) == rows


NOT_EXPORTED = {
    "insure_common.IdempotencyKey.user": "a key that the person's app made up, a digest, and an id, for a day",
    "insure_integrations.SyncRun.requested_by": "work of staff, in the audit trail",
    "insure_audit.Report.requested_by": "work of staff, in the audit trail",
    "insure_payments.Reconciliation.requested_by": "work of staff, in the audit trail",
    "admin.LogEntry.user": "the back office writes none",
}
IN_USERS_OWN_PART = {
    "insure_users.Consent": "consents",
    "insure_users.Session": "sessions",
    "insure_users.Challenge": "challenges",
    "insure_users.DataRequest": "requests",
}


def test_every_table_with_a_link_to_the_person_is_in_the_export(zoraida):
    admin = make_user(role=Role.ADMIN)
    parts = export_data(actor=admin, user_id=zoraida.pk, reason="asked for")
    tables = {
        label: rows for part in ("audit", "integrations", "payments", "policies") for label, rows in parts[part].items()
    }
    tables |= {label: parts[name] for label, name in IN_USERS_OWN_PART.items()}
    linked = {
        f"{model._meta.label}.{field.name}": model._default_manager.filter(**{field.name: zoraida}).count()
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.related_model is type(zoraida)
    }
    assert set(NOT_EXPORTED) <= set(linked)
    for link, count in linked.items():
        if link not in NOT_EXPORTED:
            label = link.rpartition(".")[0]
            assert label in tables, f"{link}: add it to the package's export_person, or here with the reason why not"
            assert len(tables[label]) >= count
    may_be_empty = {"insure_users.Challenge", "insure_users.DataRequest", "insure_payments.Case"}
    assert all(tables[label] for label in tables if label not in may_be_empty)
    assert str(admin.pk) not in str(parts["audit"])
    assert ZORAIDA["id_number"] in str(parts["payments"])


def test_every_table_has_its_place_in_the_retention_table():
    lines = (Path(__file__).parents[1] / "docs" / "security.md").read_text().splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| ") and "." in line.split("|")[1]]
    named = set()
    for cell in cells:
        label = ""
        for name in cell.strip().split(", "):
            label = name.partition(".")[0] if "." in name else label
            named.add(f"{label}.{name.rpartition('.')[2]}")
    models = {model._meta.label for model in apps.get_models()}
    assert models - named == set(), "docs/security.md says how long each is kept and what erasing does to it"
    assert named - models == set()
