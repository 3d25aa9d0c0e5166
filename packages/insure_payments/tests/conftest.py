import time

import pytest

from insure_common.testing.http import serve
from insure_integrations.testing.casse import CasseSandbox
from insure_payments.enums import PaymentStatus
from insure_payments.testing import factories
from insure_payments.testing.wompi import WompiSandbox
from project.core import RememberingCore
from project.gateway import ScriptedGateway


@pytest.fixture(autouse=True)
def provider():
    """What the provider says, does and was asked in this test."""
    ScriptedGateway.reset()
    return ScriptedGateway


@pytest.fixture(autouse=True)
def core():
    """What the core system was told in this test."""
    RememberingCore.payments.clear()
    RememberingCore.reversals.clear()
    return RememberingCore


@pytest.fixture
def user(db):
    return factories.make_user()


@pytest.fixture
def charge(user):
    return factories.make_charge(user=user)


@pytest.fixture
def opened(user, charge, drain_outbox):
    """A payment that the provider has opened: PENDING, transaction T-1."""
    payment = factories.make_payment(user=user, charges=[charge])
    drain_outbox()
    payment.refresh_from_db()
    return payment


@pytest.fixture
def wompi(settings, live_server):
    """Wompi's sandbox over HTTP, whose events reach this service."""
    sandbox = WompiSandbox()
    events = {"url": f"{live_server.url}/api/v1/webhooks/wompi/"}
    sandbox.control_post({"progress_delay_ms": 0, "events": events})
    with serve(sandbox.app) as url:
        options = {"environment": "test", "base_url": f"{url}/v1", "checkout_url": f"{url}/p/", **sandbox.keys}
        adapter = {"gateway": "insure_payments.gateways.wompi.WompiGateway", **options}
        settings.INSURE_PAYMENTS = {**settings.INSURE_PAYMENTS, "GATEWAYS": {"WOMPI": adapter}}
        yield sandbox


@pytest.fixture
def casse(settings):
    """A CASSE without policies behind real HTTP, in place of the remembering core."""
    sandbox = CasseSandbox(policies=0)
    with serve(sandbox.app) as url:
        client = {
            "client": "insure_integrations.clients.casse.CasseClient",
            "base_url": url,
            "client_id": "us",
            "client_secret": "secret",
        }
        settings.INSURE_INTEGRATIONS = {"SYSTEMS": {"CASSE": client}}
        yield sandbox


@pytest.fixture
def settle(drain_outbox):
    """Work off what is due until the payment is no longer under way."""

    def settle(payment):
        for _ in range(100):
            drain_outbox(reraise=False)
            payment.refresh_from_db()
            if payment.status not in (PaymentStatus.CREATED, PaymentStatus.PENDING):
                return payment
            time.sleep(0.05)
        raise AssertionError(f"still {payment.status}")

    return settle
