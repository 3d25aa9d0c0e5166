"""Policies for tests."""

from datetime import date
from itertools import count
from typing import Any

from insure_common import clock
from insure_policies.enums import PolicyStatus
from insure_policies.models import Coverage, Document, Policy

_numbers = count(1)


def make_policy(*, coverages: int = 1, **fields: Any) -> Policy:
    """A policy in force of 119 000 pesos a year, tax included; any field can be given."""
    number = next(_numbers)
    defaults = {
        "system": "CASSE",
        "reference": f"POL-{number}",
        "holder_reference": f"HOL-{number}",
        "number": f"100-{number}",
        "product_code": "AUTO",
        "status": PolicyStatus.ACTIVE,
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2026, 12, 31),
        "insurer": "Seguros de Prueba S.A.",
        "insured": [{"kind": "VEHICLE", "description": "Automóvil", "identifier": "ABC123"}],
        "payment_plan": "ANUAL",
        "premium_net_in_cents": 100_000_00,
        "premium_tax_in_cents": 19_000_00,
        "premium_total_in_cents": 119_000_00,
        "currency": "COP",
        "fingerprint": f"{number:064x}",
        "source_updated_at": clock.now(),
        "last_synced_at": clock.now(),
    }
    policy = Policy.objects.create(**defaults | fields)
    Coverage.objects.bulk_create(
        Coverage(
            policy=policy,
            code=f"C{index}",
            name=f"Cobertura {index}",
            insured_amount_in_cents=50_000_000_00,
            deductible_in_cents=1_000_000_00,
            premium_in_cents=100_000_00,
        )
        for index in range(coverages)
    )
    return policy


def make_document(policy: Policy, **fields: Any) -> Document:
    """A document whose file is not there yet; any field can be given."""
    number = next(_numbers)
    defaults = {
        "reference": f"DOC-{number}",
        "name": "poliza.pdf",
        "issued_on": date(2026, 1, 1),
        "sha256": f"{number:064x}",
    }
    return Document.objects.create(policy=policy, **defaults | fields)
