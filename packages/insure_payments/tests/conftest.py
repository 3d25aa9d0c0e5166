import pytest

from insure_payments.testing import factories
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
