"""What the public page says of a receipt."""

import logging
import re
from hashlib import sha256

from django.utils.translation import gettext as _

from insure_common.conf import CommonSettings
from insure_common.documents.storage import stored_file
from insure_common.exceptions import ServiceUnavailable
from insure_common.verification import Verified
from insure_payments.enums import ReceiptStatus, TransactionStatus
from insure_payments.models import Receipt

logger = logging.getLogger(__name__)

CODE = re.compile(r"[0-9a-f]{32}")


def verify_receipt(code: str) -> Verified | None:
    """INSURE_COMMON["VERIFIERS"]: the receipt with this code, as it is now."""
    if not CODE.fullmatch(code := code.lower()):
        return None
    receipts = Receipt.objects.select_related("transaction__entry__reversal")
    receipt = receipts.filter(verification_code=code).first()
    if receipt is None:
        return None
    settled = receipt.transaction
    is_voided = settled.status == TransactionStatus.VOIDED
    status = ReceiptStatus.VOIDED if is_voided else ReceiptStatus.SETTLED
    reversal = getattr(settled.entry, "reversal", None)
    return Verified(
        kind="RECEIPT",
        title=_("Payment receipt"),
        issuer=CommonSettings.load().COMPANY.name,
        number=receipt.printed_number,
        issued_at=receipt.issued_at,
        status=status,
        status_label=str(status.label),
        is_in_force=not is_voided,
        ended_at=reversal.posted_at if reversal else None,
        sha256=receipt.sha256,
        is_file_intact=_is_file_intact(receipt),
    )


def _is_file_intact(receipt: Receipt) -> bool | None:
    if not receipt.path:
        return None
    try:
        with stored_file(receipt) as file:
            is_intact = sha256(file.read()).hexdigest() == receipt.sha256
    except ServiceUnavailable:
        return None
    if not is_intact:
        logger.error("stored file differs from its digest", extra={"document": str(receipt.pk)})
    return is_intact
