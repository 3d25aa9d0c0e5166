"""The `payment_method` of a transaction at Wompi, by type ("métodos de pago")."""

from collections.abc import Mapping
from typing import Any

from insure_payments.enums import PaymentMethod
from insure_payments.gateways.base import GatewayRefused, OpenRequest

DOCUMENT_TYPES = {name: name for name in ("CC", "CE", "NIT", "PP", "RC", "TE", "TI")}
"""Kinds of document that PSE lists under the same name; for others see WompiConfig.document_types."""
USER_TYPES = {"NATURAL": 0, "LEGAL": 1}
LONGEST_DESCRIPTION = 30
"""The documentation says 30 and 64 in two places."""


def payment_method(request: OpenRequest, *, document_types: Mapping[str, str]) -> dict[str, Any]:
    """Raises GatewayRefused for a method, or a kind of document, that Wompi does not take."""
    match request.method["type"]:
        case PaymentMethod.PSE:
            return _pse(request, {**DOCUMENT_TYPES, **document_types})
        case PaymentMethod.CARD:
            token, installments = request.method["token"], request.method["installments"]
            return {"type": "CARD", "token": token, "installments": installments}
        case other:
            raise GatewayRefused(f"method {other} is not supported")


def _pse(request: OpenRequest, document_types: Mapping[str, str]) -> dict[str, Any]:
    method = request.method
    document_type = document_types.get(method["id_type"])
    if document_type is None:
        raise GatewayRefused(f"PSE takes no document of the kind {method['id_type']}")
    pse = {
        "type": "PSE",
        "user_type": USER_TYPES[method["person_type"]],
        "user_legal_id_type": document_type,
        "user_legal_id": method["id_number"],
        "financial_institution_code": method["institution"],
        "payment_description": request.description[:LONGEST_DESCRIPTION].strip(),
    }
    # Without it Wompi tells the bank our server's address in place of the payer's.
    return pse | ({"reference_one": request.client_address} if request.client_address else {})
