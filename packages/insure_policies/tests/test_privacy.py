"""What erasing a holder leaves of their policies."""

import pytest

from insure_common import clock
from insure_common.testing.outbox import pending
from insure_integrations.models import ExternalCall, HolderLink
from insure_integrations.testing.factories import make_external_call
from insure_policies.models import Policy
from insure_policies.services.erase_insured import erase_insured

pytestmark = pytest.mark.django_db
LATER = "2026-03-05T00:00:00Z"


def test_erased_holder_insures_nobody_and_nothing_any_more(ana, apply, row):
    apply(row(), row("POL-2", "2002"))
    make_external_call(response={"results": [{"reference": "POL-1", "insured": "Ana"}]})
    before = Policy.objects.filter(reference="POL-1").values("number", "user", "starts_on", "premium_total_in_cents")
    kept = list(before)
    for _ in range(2):
        erase_insured(system="CASSE", holder_reference="HOL-1001")
    assert dict(Policy.objects.values_list("reference", "insured")) == {
        "POL-1": [],
        "POL-2": [{"kind": "VEHICLE", "description": "Automóvil", "identifier": "ABC123"}],
    }
    assert list(before.all()) == kept
    assert ExternalCall.objects.get().response == {"erased": True}


def test_core_system_does_not_bring_an_erased_holder_back(ana, apply, row):
    apply(row())
    HolderLink.objects.update(erased_at=clock.now(), id_number="")
    erase_insured(system="CASSE", holder_reference="HOL-1001")
    documents = len(pending())
    assert apply(row(payment_plan="MENSUAL", updated_at=LATER), row("POL-9")) == (1, 1, 0, [])
    assert set(Policy.objects.values_list("reference", "payment_plan")) == {("POL-1", "MENSUAL"), ("POL-9", "ANUAL")}
    assert set(Policy.objects.values_list("reference", "user")) == {("POL-1", ana.pk), ("POL-9", None)}
    assert [policy.insured for policy in Policy.objects.all()] == [[], []]
    assert len(pending()) == documents, "no document is fetched again"
