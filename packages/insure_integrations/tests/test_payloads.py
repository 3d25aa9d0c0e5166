"""A row that is not as agreed is refused; nothing is guessed or repaired."""

import pytest
from pydantic import ValidationError

from insure_integrations.public import CoreCharge, CorePolicy
from insure_integrations.testing.casse_portfolio import Portfolio

CLARA = {"id_type": "CC", "id_number": "52700104", "full_name": "Clara Rojas", "email": "Clara@Example.com "}


@pytest.fixture
def policy():
    return Portfolio(seed=1).add_holder(**CLARA)[1]


@pytest.fixture
def charge():
    return Portfolio(seed=1).add_holder(**CLARA)[2]


def test_amounts_become_cents_and_the_address_canonical(policy):
    policy["premium"] = {"net": "100.5", "tax": "19", "total": "119.50", "currency": "COP"}
    parsed = CorePolicy.model_validate(policy)
    assert (parsed.premium.net_in_cents, parsed.premium.total_in_cents) == (10_050, 11_950)
    assert parsed.holder.email == "clara@example.com"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_on", "0000-00-00"),
        ("ends_on", "9999-12-31"),
        ("ends_on", "1999-12-31"),
        ("starts_on", 20260101),
        ("number", "x" * 201),
        ("number", "AUTO\x00"),
        ("number", "AUTO\ud800"),
        ("insurer", "\x1b[31m"),
        ("reference", "../../etc/passwd"),
        ("reference", "POL-1\n"),
        ("status", "ACTIVE"),
        ("updated_at", "2026-01-01T00:00:00"),
        ("holder", None),
        ("coverages", [{}] * 201),
        ("premium", {"net": "1", "tax": "1", "total": "3", "currency": "COP"}),
        ("premium", {"net": 1, "tax": "1", "total": "2", "currency": "COP"}),
    ],
)
def test_policy_out_of_form_is_refused(policy, field, value):
    with pytest.raises(ValidationError):
        CorePolicy.model_validate({**policy, field: value})


@pytest.mark.parametrize("amount", ["-1", "1e5", "1_000", "NaN", "9" * 500, "1.234", "١٢", "", None, 12, True])
def test_amount_out_of_form_is_refused(charge, amount):
    with pytest.raises(ValidationError):
        CoreCharge.model_validate({**charge, "amount": amount, "outstanding": amount})


def test_outstanding_that_does_not_add_up_is_refused(charge):
    with pytest.raises(ValidationError, match="outstanding"):
        CoreCharge.model_validate({**charge, "paid": "1.00"})
