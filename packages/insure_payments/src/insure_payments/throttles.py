"""Fairness between clients. Not a defence: a cache that is away lets everybody through."""

import logging
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import UserRateThrottle

from insure_payments.conf import PaymentsSettings

logger = logging.getLogger(__name__)


class PaymentThrottle(UserRateThrottle):
    """How often one user may start a payment, at one of the rates of PAYMENT_RATES."""

    def __init__(self, rate: str) -> None:
        self.rate = rate
        self.scope = f"insure_payments_{rate}"
        super().__init__()

    def allow_request(self, request: Request, view: Any) -> bool:
        try:
            return super().allow_request(request, view)
        except Exception:
            logger.warning("payment throttle without its cache", exc_info=True)
            return True


def payment_throttles() -> list[PaymentThrottle]:
    return [PaymentThrottle(rate) for rate in PaymentsSettings.load().PAYMENT_RATES]
