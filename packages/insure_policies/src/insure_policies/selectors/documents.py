"""Reads of policy documents."""

import logging
from typing import Any
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage
from django.shortcuts import get_object_or_404

from insure_common.exceptions import ServiceUnavailable
from insure_policies.errors import DocumentNotReady
from insure_policies.models import Document

logger = logging.getLogger(__name__)


def document_visible_to(user: Any, *, policy_id: UUID, document_id: UUID) -> Document:
    """A document of one of the user's own policies. Raises Http404 for anybody else's, as for one that never was."""
    documents = Document.objects.filter(policy_id=policy_id, policy__user=user)
    return get_object_or_404(documents, pk=document_id)


def open_document(document: Document) -> File:  # type: ignore[type-arg] # Django's class takes no parameter when it runs
    """The stored file, to be read. Raises DocumentNotReady before it was fetched, ServiceUnavailable if it is lost."""
    if not document.is_available:
        raise DocumentNotReady
    try:
        return default_storage.open(document.path)
    except FileNotFoundError:
        logger.exception("policy document is missing in the storage", extra={"document": str(document.pk)})
        raise ServiceUnavailable from None
