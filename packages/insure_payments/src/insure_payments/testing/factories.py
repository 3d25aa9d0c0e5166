"""Build data through the services, so that what stands in the database is what they write."""

from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from insure_common import clock
from insure_common.ids import new_id
from insure_payments.enums import ChargeStatus
from insure_payments.models import Charge, Payment
from insure_payments.services.post_charges import post_charges
from insure_payments.services.start_payment import start_payment

METHOD = {"type": "PSE", "institution": "1", "person_type": "NATURAL", "id_type": "CC", "id_number": "1099888777"}


def make_user(**fields: Any) -> Any:
    """A user of the project's own model; give what that model requires beyond e-mail and name."""
    values = {"email": f"{new_id()}@example.com", "full_name": "María Fernanda Gómez Ñáñez", "id_number": "1099888777"}
    return get_user_model().objects.create(**(values | fields))


def make_charge(
    *, user: Any, amount_in_cents: int = 11_900_000, tax_in_cents: int = 1_900_000, **fields: Any
) -> Charge:
    """A charge of the core system CASSE; posted if it has a user."""
    reference = str(fields.pop("reference", f"C-{new_id()}"))
    charge = Charge(
        user=user,
        system=fields.pop("system", "CASSE"),
        reference=reference,
        holder_reference=fields.pop("holder_reference", f"H-{reference}"),
        policy_reference=fields.pop("policy_reference", "POL-1"),
        concept=fields.pop("concept", "Prima seguro de hogar"),
        due_date=fields.pop("due_date", clock.today() + timedelta(days=10)),
        amount_in_cents=amount_in_cents,
        tax_in_cents=tax_in_cents,
        currency=fields.pop("currency", "COP"),
        status=fields.pop("status", ChargeStatus.OPEN),
        **fields,
    )
    with transaction.atomic():
        post_charges([charge])
        charge.save(force_insert=True)
    return charge


def make_payment(*, user: Any, charges: list[Charge], **fields: Any) -> Payment:
    """A payment just started, which no worker has opened yet."""
    values = {"method": METHOD, "accepted_documents": ["https://wompi.example/policy.pdf"], **fields}
    return start_payment(user=user, charge_ids=[charge.pk for charge in charges], **values)
