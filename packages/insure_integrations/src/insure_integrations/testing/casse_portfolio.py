"""A generated portfolio of a Colombian insurer: people, policies, charges, in the raw form of CASSE's API."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zlib import crc32

from insure_common import clock

INSURER = "Seguros Cordillera S.A."
TAX_PERCENT = {"AUTO": 19, "HOGAR": 19, "VIDA": 0}
"""IVA; life insurance is exempt."""

FIRST_NAMES = (
    "Camila", "Valentina", "Mariana", "Daniela", "Luz Marina", "María Fernanda", "Paola", "Ángela", "Sofía", "Yolanda",
    "Andrés Felipe", "Juan Sebastián", "Carlos Alberto", "Jorge Iván", "Santiago", "Julián", "Óscar", "Hernán", "Fabio",
    "Luis Eduardo",
)  # fmt: skip
SURNAMES = (
    "Gómez", "Rodríguez", "Martínez", "García", "Restrepo", "Zapata", "Quintero", "Cárdenas", "Ospina", "Muñoz",
    "Castaño", "Londoño", "Peña", "Arango", "Bermúdez", "Acevedo", "Suárez", "Hoyos", "Cortés", "Mejía",
)  # fmt: skip
ADDRESSES = (
    "Cra. 7 # 71-21, apto. 902, Bogotá D.C.",
    "Cl. 10 # 43E-31, El Poblado, Medellín",
    "Av. 6N # 23-45, Santa Mónica, Cali",
    "Cra. 53 # 82-86, Alto Prado, Barranquilla",
    "Cl. 56 # 33-18, Cabecera, Bucaramanga",
    "Cra. 23 # 64-15, Palermo, Manizales",
    "Av. Circunvalar # 8B-51, Pereira",
    "Cl. 26 # 25-48, Bocagrande, Cartagena",
)
CARS = (
    ("Renault Logan Life 1.6", 52_000_000),
    ("Chevrolet Onix LTZ", 71_500_000),
    ("Mazda 2 Touring", 84_900_000),
    ("Kia Picanto Zenith", 58_300_000),
    ("Toyota Corolla Cross XEI", 142_000_000),
    ("Renault Duster Intens", 96_400_000),
)
COVERAGES: dict[str, tuple[tuple[str, str, Decimal, Decimal, Decimal], ...]] = {
    # code, name, share of the value insured, deductible as share of that, yearly rate on it
    "AUTO": (
        ("RCE", "Responsabilidad civil extracontractual", Decimal(12), Decimal(0), Decimal("0.0006")),
        ("PTD", "Pérdida total por daños", Decimal(1), Decimal("0.10"), Decimal("0.0145")),
        ("PPD", "Pérdida parcial por daños", Decimal(1), Decimal("0.02"), Decimal("0.0120")),
        ("HURTO", "Pérdida total y parcial por hurto", Decimal(1), Decimal("0.10"), Decimal("0.0095")),
        ("ASIST", "Asistencia en viaje y grúa", Decimal("0.05"), Decimal(0), Decimal("0.0210")),
    ),
    "HOGAR": (
        ("INC", "Incendio y rayo", Decimal(1), Decimal(0), Decimal("0.0008")),
        ("TERR", "Terremoto, temblor y erupción volcánica", Decimal(1), Decimal("0.03"), Decimal("0.0016")),
        ("AGUA", "Daños por agua", Decimal("0.20"), Decimal("0.01"), Decimal("0.0021")),
        ("SUST", "Sustracción con violencia de contenidos", Decimal("0.15"), Decimal("0.10"), Decimal("0.0052")),
    ),
    "VIDA": (
        ("MUERTE", "Muerte por cualquier causa", Decimal(1), Decimal(0), Decimal("0.0042")),
        ("ITP", "Incapacidad total y permanente", Decimal(1), Decimal(0), Decimal("0.0013")),
        ("ENF", "Enfermedades graves", Decimal("0.50"), Decimal(0), Decimal("0.0038")),
        ("EXEQ", "Auxilio exequial", Decimal("0.02"), Decimal(0), Decimal("0.0150")),
    ),
}
STATUSES = ("VIGENTE",) * 14 + ("SUSPENDIDA", "CANCELADA", "VENCIDA", "VENCIDA", "EN_TRAMITE")
PLANS = ("ANUAL", "SEMESTRAL", "TRIMESTRAL", "MENSUAL")
INSTALMENTS = {"ANUAL": 1, "SEMESTRAL": 2, "TRIMESTRAL": 4, "MENSUAL": 12}
PRODUCT_NAMES = {"AUTO": "Seguro de automóviles", "HOGAR": "Seguro de hogar", "VIDA": "Seguro de vida individual"}
FIRST_ADDED = 1_000_000
"""Numbers below belong to the generated portfolio."""

Row = dict[str, Any]


@dataclass(slots=True)
class Portfolio:
    """Rows by reference. A row is replaced, never changed, so that a snapshot of them stays what it was."""

    seed: int
    holders: dict[str, Row] = field(default_factory=dict)
    policies: dict[str, Row] = field(default_factory=dict)
    charges: dict[str, Row] = field(default_factory=dict)
    statements: dict[str, Row] = field(default_factory=dict)
    random: Random = field(init=False)
    generated_at: datetime | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def fill(self, policies: int) -> None:
        """Generate holders with one to three policies each until there are `policies` of them."""
        self.generated_at = clock.now() - timedelta(days=2)
        while len(self.policies) < policies:
            holder = self._holder()
            for _ in range(min(self.random.choice((1, 1, 2, 3)), policies - len(self.policies))):
                status, plan = self.random.choice(STATUSES), self.random.choice(PLANS)
                self._add_policy(holder, number=len(self.policies) + 1, status=status, plan=plan)
        self.generated_at = None

    def add_holder(self, *, id_type: str, id_number: str, full_name: str, email: str) -> tuple[Row, Row, Row]:
        """A known person with one VIGENTE policy and one OPEN charge; whoever is added again gets the same ones."""
        # By the document: a sandbox that was started anew must not give somebody's references to somebody else.
        number = FIRST_ADDED + crc32(f"{id_type} {id_number}".encode())
        self.random.seed(number)
        person = {"id_type": id_type, "id_number": id_number, "full_name": full_name, "email": email}
        holder = self._store_holder(number=number, **person)
        policy = self._add_policy(holder, number=number, status="VIGENTE", plan="ANUAL", product="AUTO")
        charge = next(row for row in self.charges.values() if row["policy"] == policy["reference"])
        return holder, policy, charge

    def add_charge(self, *, holder: str, amount: str) -> Row:
        reference = f"REC-{FIRST_ADDED * 10_000 + len(self.charges)}"
        self.charges[reference] = {
            "reference": reference,
            "policy": None,
            "holder": self.holders[holder],
            "concept": "Cuota de prueba",
            "due_date": (clock.today() + timedelta(days=30)).isoformat(),
            "amount": amount,
            "tax": "0.00",
            "paid": "0.00",
            "outstanding": amount,
            "currency": "COP",
            "status": "OPEN",
            "updated_at": _time(clock.now()),
        }
        return self.charges[reference]

    def add_statement(self, *, holder: str, period: str, opening: str, charges: str, payments: str) -> Row:
        """A month of a holder; whoever has one of that month gets another version of it."""
        reference = f"EXT-{holder}-{period}"
        closing = Decimal(opening) + Decimal(charges) - Decimal(payments)
        day = f"{period}-05"
        self.statements[reference] = {
            "reference": reference,
            "holder": holder,
            "period": period,
            "opening": opening,
            "charges": charges,
            "payments": payments,
            "closing": f"{closing:.2f}",
            "currency": "COP",
            "lines": [
                {"date": day, "description": "Cargos del mes", "amount": charges},
                {"date": day, "description": "Pagos del mes", "amount": f"{-Decimal(payments):.2f}"},
            ],
            "updated_at": _time(clock.now()),
        }
        return self.statements[reference]

    def replace(self, rows: dict[str, Row], reference: str, **changes: Any) -> Row:
        """A new version of a row, changed now. Raises LookupError for an unknown reference."""
        rows[reference] = {**rows[reference], **changes, "updated_at": _time(clock.now())}
        return rows[reference]

    def _holder(self) -> Row:
        name = f"{self.random.choice(FIRST_NAMES)} {self.random.choice(SURNAMES)} {self.random.choice(SURNAMES)}"
        number = len(self.holders) + 1
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().split()
        return self._store_holder(
            number=number,
            id_type=self.random.choice(("CC",) * 12 + ("CE",)),
            id_number=str(self.random.randrange(10_000_000, 1_199_999_999)),
            full_name=name,
            email=f"{plain[0]}.{plain[-1]}{number}@example.com",
        )

    def _store_holder(self, *, number: int, **person: str) -> Row:
        reference = f"TOM-{number:06}"
        self.holders[reference] = {"reference": reference, **person}
        return self.holders[reference]

    def _add_policy(self, holder: Row, *, number: int, status: str, plan: str, product: str = "") -> Row:
        product = product or self.random.choice(("AUTO", "HOGAR", "VIDA"))
        insured, value = self._insured(product, holder)
        coverages = [
            {
                "code": code,
                "name": name,
                "insured_amount": _pesos(value * share),
                "deductible": _pesos(value * share * deductible),
                "premium": _pesos(value * share * rate),
            }
            for code, name, share, deductible, rate in COVERAGES[product]
        ]
        net = sum((Decimal(coverage["premium"]) for coverage in coverages), Decimal(0))
        tax = (net * TAX_PERCENT[product] / 100).quantize(Decimal(1))
        starts_on = self._start(status)
        policy: Row = {
            "reference": f"POL-{number:06}",
            "number": f"{product}-{starts_on.year}-{100_000 + number}",
            "product": product,
            "status": status,
            "starts_on": starts_on.isoformat(),
            "ends_on": (starts_on + timedelta(days=365)).isoformat(),
            "holder": holder,
            "insured": [insured],
            "coverages": coverages,
            "premium": {"net": _pesos(net), "tax": _pesos(tax), "total": _pesos(net + tax), "currency": "COP"},
            "payment_plan": plan,
            "insurer": INSURER,
            "updated_at": self._changed_at(number),
        }
        self.policies[policy["reference"]] = policy
        if status in ("VIGENTE", "SUSPENDIDA"):
            self._add_charge(policy, number=number)
        return policy

    def _insured(self, product: str, holder: Row) -> tuple[Row, Decimal]:
        if product == "VIDA":
            value = Decimal(self.random.randrange(80, 401, 20) * 1_000_000)
            person = {"kind": "PERSON", "description": holder["full_name"]}
            return {**person, "identifier": f"{holder['id_type']} {holder['id_number']}"}, value
        if product == "HOGAR":
            value = Decimal(self.random.randrange(180, 900, 15) * 1_000_000)
            home = {"kind": "HOME", "description": "Apartamento, estructura y contenidos"}
            return {**home, "identifier": self.random.choice(ADDRESSES)}, value
        car, price = self.random.choice(CARS)
        letters = "".join(self.random.choices("ABCDEFGHJKLMNPRSTUVWXYZ", k=3))
        vehicle = {"kind": "VEHICLE", "description": f"{car}, modelo {self.random.randrange(2018, 2026)}"}
        return {**vehicle, "identifier": f"{letters}{self.random.randrange(100, 999)}"}, Decimal(price)

    def _start(self, status: str) -> date:
        back = {"VENCIDA": (370, 700), "EN_TRAMITE": (-10, 0)}.get(status, (5, 300))
        return clock.today() - timedelta(days=self.random.randint(*back))

    def _add_charge(self, policy: Row, *, number: int) -> None:
        count = INSTALMENTS[policy["payment_plan"]]
        amount = (Decimal(policy["premium"]["total"]) / count).quantize(Decimal(1))
        tax = (Decimal(policy["premium"]["tax"]) / count).quantize(Decimal(1))
        instalment = "" if count == 1 else f", cuota 1 de {count}"
        reference = f"REC-{number:06}"
        self.charges[reference] = {
            "reference": reference,
            "policy": policy["reference"],
            "holder": policy["holder"],
            "concept": f"Prima {PRODUCT_NAMES[policy['product']].lower()} {policy['number']}{instalment}",
            "due_date": (clock.today() + timedelta(days=self.random.randint(5, 40))).isoformat(),
            "amount": _pesos(amount),
            "tax": _pesos(tax),
            "paid": "0.00",
            "outstanding": _pesos(amount),
            "currency": "COP",
            "status": "OPEN",
            "updated_at": self._changed_at(number),
        }

    def _changed_at(self, number: int) -> str:
        """Now; or while the portfolio is generated two days ago, several rows at once as nightly batches leave them."""
        return _time(self.generated_at + timedelta(seconds=number // 4) if self.generated_at else clock.now())


def _pesos(amount: Decimal) -> str:
    return f"{amount:.0f}.00"


def _time(moment: datetime) -> str:
    return moment.isoformat()
