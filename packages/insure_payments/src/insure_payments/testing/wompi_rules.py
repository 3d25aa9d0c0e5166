"""What Wompi refuses, with its own words and in its own order: one error at a time, the body before the key.

Texts are Wompi's as far as they were ever seen; those marked "ours" stand where only the rule is known.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from insure_payments.testing.api import Refused

Body = Mapping[str, Any]


def refused(status: int, type_: str, detail: str | Mapping[str, list[str]]) -> Refused:
    """An error answer: one reason, or messages by field."""
    return Refused(status, {"error": {"type": type_, ("reason" if isinstance(detail, str) else "messages"): detail}})


def invalid(field: str, message: str) -> Refused:
    return refused(422, "INPUT_VALIDATION_ERROR", {field: [message]})


def not_found(reason: str = "La entidad solicitada no existe") -> Refused:
    return refused(404, "NOT_FOUND_ERROR", reason)


@dataclass(frozen=True)
class Keys:
    """The four secrets of one merchant; the environment is that of its public key."""

    public_key: str
    private_key: str
    events_secret: str
    integrity_secret: str

    @property
    def environment(self) -> str:
        """`test` or `prod`, the second part of every key."""
        return self.public_key.split("_")[1]

    def check(self, authorization: str, *, private: bool = False, any_of_environment: bool = False) -> None:
        """Refuse (401) a request without one of the merchant's keys, or at least some key of this environment."""
        key = authorization.removeprefix("Bearer ").strip()
        wanted = "privada" if private else "pública o privada"
        if not key:
            reason = f"Se esperaba una llave {wanted} pero no se recibió ninguna"
        elif not key.startswith((f"pub_{self.environment}_", f"prv_{self.environment}_")):
            reason = f"La llave proporcionada no corresponde a este ambiente, se recibió: {key}"
        elif not any_of_environment and key not in (self.public_key, self.private_key):
            reason = "Llave no válida"
        elif private and key == self.public_key:
            reason = "Se esperaba una llave privada pero se recibió una pública"  # ours
        else:
            return
        raise refused(401, "INVALID_ACCESS_TOKEN", reason)


class Rule(NamedTuple):
    """`path` in the body must satisfy `holds`, otherwise 422 with `message` under the last part of the path."""

    path: str
    holds: Callable[[Any], bool]
    message: str

    def check(self, body: Body) -> None:
        value: Any = body
        for name in self.path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if not self.holds(value):
            raise invalid(self.path.rsplit(".", 1)[-1], self.message)


def is_integer(value: Any) -> bool:
    return type(value) is int


def is_present(value: Any) -> bool:
    return value is not None


def is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


def is_one_of(*allowed: object) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(one) and value == one for one in allowed)


PSE_DOCUMENT_TYPES = ("RC", "TI", "CC", "TE", "CE", "NIT", "PP", "DNI")

TRANSACTION_RULES = (
    Rule("amount_in_cents", is_integer, "Debe ser un número entero"),  # ours
    Rule("currency", is_one_of("COP"), "Debe ser igual a COP"),
    Rule("reference", is_text, "No está presente"),
    Rule("reference", matches(".{1,255}"), "Debe tener máximo 255 caracteres"),  # ours
    Rule("customer_email", is_text, "No está presente"),
    Rule("customer_email", matches(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "Email inválido"),
)

METHOD_RULES: Mapping[str, tuple[Rule, ...]] = {
    "PSE": (
        Rule("payment_method.user_type", is_one_of(0, 1), "Debe ser uno de estos: 0, 1"),
        Rule(
            "payment_method.user_legal_id_type",
            is_one_of(*PSE_DOCUMENT_TYPES),
            f"Debe ser uno de estos: {', '.join(PSE_DOCUMENT_TYPES)}",
        ),
        Rule("payment_method.user_legal_id", is_text, "Debe ser completado"),
        Rule("payment_method.financial_institution_code", is_text, "Debe ser completado"),
        # The documentation says both 30 and 64: the sandbox holds clients to the safe one.
        Rule("payment_method.payment_description", matches(".{1,30}"), "Debe tener máximo 30 caracteres"),  # ours
        Rule("customer_data.full_name", is_text, "No está presente"),
        Rule("customer_data.phone_number", matches(r"\+?[0-9]{10,15}"), "Número de teléfono inválido"),  # ours
    ),
    "CARD": (
        Rule("payment_method.token", is_text, "No está presente"),
        Rule("payment_method.installments", is_one_of(*range(1, 37)), "Debe ser un número entero entre 1 y 36"),  # ours
    ),
    "NEQUI": (Rule("payment_method.phone_number", matches("[0-9]{10}"), "Número de teléfono inválido"),),  # ours
}

CONSENT_RULES = (
    Rule("acceptance_token", is_present, "No está presente"),
    Rule("acceptance_token", is_text, "El token de aceptación está en un formato incorrecto"),
    Rule("accept_personal_auth", is_present, "No está presente"),
    Rule("accept_personal_auth", is_text, "El token de aceptación está en un formato incorrecto"),
    Rule("signature", is_present, "Firma de integridad requerida no enviada"),
)

MINIMUM_IN_CENTS = 150_000


def check_body(body: Any) -> None:
    """Refuse (422) what is wrong with a new transaction before anybody looks at keys, tokens or signature."""
    if not isinstance(body, Mapping):
        raise refused(422, "UNPROCESSABLE", "El cuerpo de la petición no es un objeto JSON")  # ours
    for rule in TRANSACTION_RULES:
        rule.check(body)
    if body["amount_in_cents"] < MINIMUM_IN_CENTS:
        text = "El monto mínimo de una transacción es $1,500 exceptuando impuestos"
        raise invalid("valid_amount_in_cents", text)
    method = body.get("payment_method")
    if not isinstance(method, Mapping) or not is_text(method.get("type")):
        raise refused(422, "UNPROCESSABLE", "No se especificó método de pago o fuente de pago")
    for rule in (*METHOD_RULES.get(method["type"], ()), *CONSENT_RULES):
        rule.check(body)
