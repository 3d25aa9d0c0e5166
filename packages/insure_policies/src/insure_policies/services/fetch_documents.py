"""Bring a policy's PDFs from the core system into our storage. Calls the outside, so no transaction is open then."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from insure_audit.public import record
from insure_common import clock
from insure_common.ids import new_id
from insure_common.outbox import RetryLater
from insure_integrations.public import CoreDocument, CoreUnavailable, SystemUnreachable, core_system
from insure_policies.actions import DOCUMENT_STORED, TARGET_DOCUMENT
from insure_policies.filenames import safe_pdf_name
from insure_policies.models import Document, Policy

PDF = "application/pdf"
SYSTEM_IS_AWAY = timedelta(minutes=5)


class DocumentRefused(ValueError):
    """These documents did not come, or are not the PDFs that were announced."""


def fetch_documents(*, policy_id: UUID) -> None:
    """List the PDFs of a policy and fetch those that are new or changed; what is there already is not fetched again.

    Raises RetryLater while the core system is away and, after all others are stored, DocumentRefused for those that did
    not come or are not what was announced.
    """
    policy = Policy.objects.get(pk=policy_id)
    core = core_system(policy.system)
    refused = []
    try:
        for announced in _announce(policy, core.policy_documents(policy.reference)):
            try:
                content = core.policy_document(policy.reference, announced.reference)
            except CoreUnavailable:
                # One document that does not come keeps no other away.
                refused.append(announced.reference)
                continue
            if not _is_announced_pdf(announced, content):
                refused.append(announced.reference)
                continue
            store_document(policy=policy, announced=announced, content=content)
    except (SystemUnreachable, CoreUnavailable) as error:
        raise RetryLater(SYSTEM_IS_AWAY) from error
    if refused:
        raise DocumentRefused(", ".join(refused))


def _announce(policy: Policy, documents: Iterable[CoreDocument]) -> list[CoreDocument]:
    """Let clients see that the documents exist; returns those whose file is not here."""
    pdfs = [document for document in documents if document.content_type == PDF]
    Document.objects.bulk_create(
        (
            Document(
                policy=policy,
                reference=document.reference,
                name=safe_pdf_name(document.name, fallback=document.reference),
                issued_on=document.issued_on,
                sha256=document.sha256,
            )
            for document in pdfs
        ),
        ignore_conflicts=True,
    )
    stored = Document.objects.filter(policy=policy, stored_at__isnull=False)
    present = set(stored.values_list("reference", "sha256"))
    return [document for document in pdfs if (document.reference, document.sha256) not in present]


def _is_announced_pdf(announced: CoreDocument, content: bytes) -> bool:
    return content.startswith(b"%PDF-") and hashlib.sha256(content).hexdigest() == announced.sha256


def store_document(*, policy: Policy, announced: CoreDocument, content: bytes) -> Document:
    """Keep one checked PDF under a path of our own making; a changed document replaces the one that was offered.

    The file is complete before its row names it. The file of an earlier version stays in the storage, its digest in the
    audit trail. Of two workers that bring the same document, the second discards its copy.
    """
    path = default_storage.save(f"policies/{new_id()}.pdf", ContentFile(content))
    with transaction.atomic():
        document = Document.objects.select_for_update().get(policy=policy, reference=announced.reference)
        if not (document.is_available and document.sha256 == announced.sha256):
            document.name = safe_pdf_name(announced.name, fallback=announced.reference)
            document.issued_on = announced.issued_on
            document.sha256 = announced.sha256
            document.path, document.size, document.stored_at = path, len(content), clock.now()
            document.save()
            metadata = {"policy": str(policy.pk), "sha256": document.sha256, "size": document.size}
            record(DOCUMENT_STORED, target_type=TARGET_DOCUMENT, target_id=document.pk, metadata=metadata)
    if document.path != path:
        default_storage.delete(path)
    return document
