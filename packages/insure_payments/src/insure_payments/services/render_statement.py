"""Render the PDF of a closed statement, once."""

from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from insure_payments.documents.statement import statement_pdf
from insure_payments.models import Statement
from insure_payments.selectors.statements import lines_of


def render_statement(*, statement: Statement) -> Statement:
    """Store the PDF of a closed statement, as `selectors.statements` annotates it, with its SHA-256.

    A statement that has its file keeps it.
    """
    if statement.path:
        return statement
    content = statement_pdf(statement=statement, lines=lines_of(statement))
    # As with receipts: every run has a file of its own, so that the digest fits whichever run commits.
    path = default_storage.save(f"statements/{statement.period:%Y/%m}/{statement.pk}.pdf", ContentFile(content))
    with transaction.atomic():
        stored = Statement.objects.select_for_update(no_key=True).get(pk=statement.pk)
        if stored.path:
            default_storage.delete(path)
        else:
            stored.path, stored.sha256 = path, sha256(content).hexdigest()
            stored.save(update_fields=["path", "sha256"])
    return stored
