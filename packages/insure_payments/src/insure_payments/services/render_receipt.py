"""Render the PDF of a receipt, once, and send it to the payer."""

from hashlib import sha256
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from insure_common import clock, outbox
from insure_common.money import Money
from insure_common.people import people
from insure_integrations.public import notify
from insure_payments.documents.receipt import receipt_pdf
from insure_payments.models import Receipt
from insure_payments.selectors.catalog import institution_name


def render_receipt(*, receipt_id: UUID) -> Receipt:
    """Store the PDF with its SHA-256 and notify the payer; a receipt that has its file keeps it."""
    receipt = Receipt.objects.select_related("payment", "transaction").get(pk=receipt_id)
    payment = receipt.payment
    content = receipt_pdf(
        receipt=receipt,
        payer=people().get(payment.user_id),
        bank=institution_name(payment.provider, payment.method.get("institution", "")),
    )
    # Every run has a file of its own, so that the digest is that of the file whichever run commits.
    day = receipt.issued_at.astimezone(clock.BOGOTA)
    path = default_storage.save(f"receipts/{day:%Y/%m}/{receipt.pk}.pdf", ContentFile(content))
    with transaction.atomic():
        receipt = Receipt.objects.select_for_update(no_key=True).get(pk=receipt_id)
        if receipt.path:
            default_storage.delete(path)
        else:
            receipt.path, receipt.sha256 = path, sha256(content).hexdigest()
            receipt.save(update_fields=["path", "sha256"])
        notify(
            user_id=payment.user_id,
            kind="payments.receipt",
            context={
                "payment_id": str(payment.pk),
                "number": receipt.printed_number,
                "amount": Money(receipt.transaction.amount_in_cents, receipt.transaction.currency).display(),
                "reference": payment.reference,
            },
            attachments=[{"name": f"recibo-{receipt.number}.pdf", "path": receipt.path}],
            dedupe_key=f"insure_payments.receipt:{receipt.pk}",
        )
        outbox.complete()
    return receipt
