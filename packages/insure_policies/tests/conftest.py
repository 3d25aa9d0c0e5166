from datetime import UTC, datetime
from uuid import uuid4

import pytest

from insure_common.testing.http import serve
from insure_integrations.testing.casse import CasseSandbox


@pytest.fixture
def make_member():
    from insure_common.testing.members.models import Member

    def make_member(name="ana", **fields):
        return Member.objects.create(email=f"{name}@example.com", full_name=name.title(), **fields)

    return make_member


@pytest.fixture
def ana(make_member):
    return make_member(id_number="1001")


@pytest.fixture
def raw_row():
    """A policy as CASSE sends it."""

    def raw_row(reference="POL-1", holder="1001", **changes):
        values = {
            "reference": reference,
            "number": f"100-{reference}",
            "product": "AUTO",
            "status": "VIGENTE",
            "starts_on": "2026-01-01",
            "ends_on": "2026-12-31",
            "holder": {
                "reference": f"HOL-{holder}",
                "id_type": "CC",
                "id_number": holder,
                "full_name": "Ana",
                "email": "ana@example.com",
            },
            "insured": [{"kind": "VEHICLE", "description": "Automóvil", "identifier": "ABC123"}],
            "coverages": [
                {"code": code, "name": code, "insured_amount": "5000000", "deductible": "1000", "premium": "50000.5"}
                for code in ("RC", "DANOS")
            ],
            "premium": {"net": "100000", "tax": "19000", "total": "119000", "currency": "COP"},
            "payment_plan": "ANUAL",
            "insurer": "Seguros de Prueba",
            "updated_at": "2026-03-01T00:00:00Z",
        }
        return values | changes

    return raw_row


@pytest.fixture
def row(raw_row):
    """A policy as it comes through the adapter."""
    from insure_integrations.public import CorePolicy

    def row(*args, **changes):
        return CorePolicy.model_validate(raw_row(*args, **changes))

    return row


@pytest.fixture
def apply():
    """Apply rows as a sync run does; returns (created, updated, unchanged, refused)."""
    from insure_integrations.public import RunContext
    from insure_policies.services.apply_policies import apply_policies

    def apply(*rows):
        context = RunContext(run_id=uuid4(), system="CASSE", full=False, now=datetime(2026, 3, 2, tzinfo=UTC))
        result = apply_policies(rows, context)
        return result.created, result.updated, result.unchanged, result.refused

    return apply


@pytest.fixture
def storage(settings, tmp_path):
    """The folder of the default storage, fresh for each test."""
    backend = settings.STORAGES["default"]["BACKEND"]
    options = {"location": str(tmp_path)}
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": backend, "OPTIONS": options}}
    return tmp_path


@pytest.fixture
def connect_casse(settings, storage):
    """Point the adapter at the server that speaks CASSE at a URL."""

    def connect_casse(url):
        casse = {
            "client": "insure_integrations.clients.casse.CasseClient",
            "base_url": url,
            "client_id": "insure",
            "client_secret": "secret",
        }
        # Without Redis there is no circuit breaker, which one test's failures would open for the next.
        settings.INSURE_INTEGRATIONS = {"SYSTEMS": {"CASSE": casse}}

    return connect_casse


@pytest.fixture
def insurer(connect_casse):
    """A core system on real HTTP that sends what the test tells it to."""
    from project.insurer import Insurer

    insurer = Insurer()
    with serve(insurer.app) as url:
        connect_casse(url)
        yield insurer


@pytest.fixture
def casse(connect_casse):
    """The CASSE sandbox on real HTTP."""
    sandbox = CasseSandbox(policies=30, seed=7)
    with serve(sandbox.app) as url:
        connect_casse(url)
        yield sandbox
