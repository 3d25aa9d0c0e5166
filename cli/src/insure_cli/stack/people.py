"""The people of the local stack. CLIENT is also a holder in CASSE's portfolio."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Person:
    full_name: str
    id_type: str
    id_number: str
    email: str
    phone: str = "+573001234567"
    birth_date: date = date(1988, 4, 12)


PEOPLE = {
    "ADMIN": Person("Adriana Salazar Gómez", "CC", "52700101", "admin@example.com"),
    "SUPERVISOR": Person("Samuel Ortiz Mejía", "CC", "52700102", "supervisor@example.com"),
    "INTERVENTORIA": Person("Inés Valencia Duarte", "CC", "52700103", "interventoria@example.com"),
    "CLIENT": Person("Clara Rojas Peña", "CC", "52700104", "client@example.com"),
}
