import pytest
from django.db import IntegrityError, transaction

from insure_common import clock
from insure_policies.testing.factories import make_document, make_policy

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "VIGENTE"},
        {"ends_on": "2025-12-31"},
        {"premium_total_in_cents": 118_999_99},
        {"premium_net_in_cents": -1, "premium_tax_in_cents": 1, "premium_total_in_cents": 0},
        {"currency": "cop"},
        {"reference": "POL-TWICE"},
    ],
)
def test_database_refuses_a_policy_that_cannot_be(fields):
    make_policy(reference="POL-TWICE")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_policy(**fields)


def test_same_reference_may_live_in_two_systems():
    make_policy(reference="POL-1")
    make_policy(reference="POL-1", system="OTHER")


@pytest.mark.parametrize("fields", [{"path": "x.pdf"}, {"size": 1}, {"stored_at": clock.now()}, {"sha256": "no"}])
def test_database_refuses_half_a_document(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_document(make_policy(), **fields)
