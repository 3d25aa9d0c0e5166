"""Wompi's hosted page ("widget & checkout web"): an address that the payer opens, signed here, without any call.

There the payer chooses among the merchant's methods and accepts Wompi's documents. After a failed attempt the page
offers another one for three minutes, under the same reference ("reintento de pago").
"""

from urllib.parse import urlencode

from insure_payments.gateways.base import GatewayRefused, HostedPage, OpenRequest
from insure_payments.gateways.edge import international_phone
from insure_payments.gateways.wompi_config import WompiConfig
from insure_payments.gateways.wompi_signature import expiration_text, integrity_signature

CURRENCY = "COP"
MINIMUM_IN_CENTS = 150_000
LONGEST_ADDRESS = 8000
"""What servers and browsers still take."""
COLOMBIA = "57"


def hosted_page(request: OpenRequest, config: WompiConfig) -> HostedPage:
    """The page for a payment, until its expiry. Raises GatewayRefused for what the page would only refuse later.

    No document of the payer is in the address, which ends up in histories and logs.
    """
    if request.currency != CURRENCY:
        raise GatewayRefused(f"currency: Debe ser igual a {CURRENCY}")
    if request.amount_in_cents < MINIMUM_IN_CENTS:
        raise GatewayRefused("El monto mínimo de una transacción es $1,500 exceptuando impuestos")
    expiration_time = expiration_text(request.expires_at)
    fields = {
        "public-key": config.public_key,
        "currency": request.currency,
        "amount-in-cents": str(request.amount_in_cents),
        "reference": request.reference,
        "signature:integrity": integrity_signature(
            reference=request.reference,
            amount_in_cents=request.amount_in_cents,
            currency=request.currency,
            expiration_time=expiration_time,
            integrity_secret=config.integrity_secret,
        ),
        "expiration-time": expiration_time,
        "redirect-url": request.return_url,
        "tax-in-cents:vat": str(request.taxes_in_cents or ""),
        "customer-data:email": request.customer_email,
        "customer-data:full-name": request.customer_name,
        **_phone(request.customer_phone),
    }
    address = f"{config.checkout_url}?{urlencode({name: value for name, value in fields.items() if value})}"
    if len(address) > LONGEST_ADDRESS:
        raise GatewayRefused("the address of the page would be too long")
    return HostedPage(address)


def _phone(phone: str) -> dict[str, str]:
    """A Colombian number; any other one the payer types."""
    digits = international_phone(phone)
    if len(digits) != 12 or not digits.startswith(COLOMBIA):
        return {}
    return {
        "customer-data:phone-number-prefix": f"+{COLOMBIA}",
        "customer-data:phone-number": digits.removeprefix(COLOMBIA),
    }
