import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection

from insure_audit.public import AuditEvent
from insure_common.testing.outbox import pending
from insure_policies.models import Document
from insure_policies.services.apply_policies import request_documents
from insure_policies.services.fetch_documents import DocumentRefused, fetch_documents
from insure_policies.testing.factories import make_policy

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 500


def files(storage):
    return sorted(path for path in storage.rglob("*") if path.is_file())


def test_document_is_stored_byte_for_byte_and_can_be_downloaded(api, ana, insurer, storage, drain_outbox):
    insurer.offer("DOC-1", PDF, name="Póliza.pdf")
    policy = make_policy(user=ana)
    request_documents(policy.pk)
    drain_outbox()
    document = Document.objects.get()
    digest = hashlib.sha256(PDF).hexdigest()
    assert (document.name, document.sha256, document.size, document.is_available) == (
        "Póliza.pdf",
        digest,
        len(PDF),
        True,
    )
    api.force_authenticate(ana)
    path = f"/api/v1/policies/{policy.pk}/documents/{document.pk}/download/"
    answers = [b"".join(api.get(path).streaming_content) for _ in range(2)]
    assert answers == [PDF, PDF]
    event = AuditEvent.objects.get(action="policies.document_stored")
    assert (event.target_id, event.metadata["sha256"]) == (str(document.pk), digest)


def test_stored_document_is_not_fetched_again(insurer, storage):
    insurer.offer("DOC-1", PDF)
    policy = make_policy()
    for _ in range(3):
        fetch_documents(policy_id=policy.pk)
    assert insurer.served == ["DOC-1"]
    assert len(files(storage)) == 1


def test_changed_document_replaces_the_one_that_was_offered(insurer, storage):
    insurer.offer("DOC-1", PDF)
    policy = make_policy()
    fetch_documents(policy_id=policy.pk)
    before = Document.objects.get()
    insurer.offer("DOC-1", PDF + b"changed", name="nueva.pdf")
    fetch_documents(policy_id=policy.pk)
    after = Document.objects.get()
    assert (after.pk, after.name, after.size) == (before.pk, "nueva.pdf", len(PDF) + 7)
    assert after.path != before.path
    assert default_storage.open(before.path).read() == PDF
    assert AuditEvent.objects.filter(action="policies.document_stored").count() == 2


def test_two_workers_that_bring_the_same_document_leave_one_file(insurer, storage):
    insurer.offer("DOC-1", PDF)
    policy = make_policy()

    def work(_):
        fetch_documents(policy_id=policy.pk)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    [file] = files(storage)
    assert Document.objects.get().path == str(file.relative_to(storage))
    assert AuditEvent.objects.filter(action="policies.document_stored").count() == 1


@pytest.mark.parametrize(
    "offer",
    [
        {"content": PDF, "announced": b"%PDF-1.7 something else"},
        {"content": b"<html>not a PDF</html>"},
        {"content": b""},
    ],
)
def test_what_is_not_the_announced_pdf_is_refused_and_the_others_are_stored(insurer, storage, offer):
    insurer.offer("DOC-1", **offer)
    insurer.offer("DOC-2", PDF)
    with pytest.raises(DocumentRefused, match="DOC-1"):
        fetch_documents(policy_id=make_policy().pk)
    available = {document.reference: document.is_available for document in Document.objects.all()}
    assert available == {"DOC-1": False, "DOC-2": True}
    assert len(files(storage)) == 1


def test_only_pdfs_are_taken(insurer, storage):
    insurer.offer("DOC-1", b"GIF89a", content_type="image/gif")
    fetch_documents(policy_id=make_policy().pk)
    assert not Document.objects.exists()
    assert files(storage) == []


def test_hostile_name_reaches_neither_the_storage_nor_the_headers(api, ana, insurer, storage):
    insurer.offer("DOC-1", PDF, name='../../x"; filename="evil.exe')
    policy = make_policy(user=ana)
    fetch_documents(policy_id=policy.pk)
    document = Document.objects.get()
    assert document.path.startswith("policies/")
    api.force_authenticate(ana)
    answer = api.get(f"/api/v1/policies/{policy.pk}/documents/{document.pk}/download/")
    assert answer["Content-Disposition"] == 'attachment; filename="x ; filename= evil.exe.pdf"'
    answer.close()


def test_document_waits_while_the_core_system_is_away(insurer, storage, drain_outbox, clock):
    insurer.offer("DOC-1", PDF)
    insurer.is_away = True
    request_documents(make_policy().pk)
    for _ in range(20):
        drain_outbox()
        clock.travel(timedelta(minutes=6))
    assert pending() == [("insure_policies.tasks.fetch_documents_task", "READY")]
    insurer.is_away = False
    drain_outbox()
    assert pending() == []
    assert Document.objects.get().is_available
