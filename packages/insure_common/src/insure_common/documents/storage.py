"""Documents that were rendered before."""

import logging
from typing import IO, Any

from django.core.files.storage import default_storage

from insure_common.exceptions import ServiceUnavailable

logger = logging.getLogger(__name__)


def stored_file(document: Any) -> IO[bytes]:
    """The file of a rendered receipt or statement. Raises ServiceUnavailable if the storage has lost it."""
    try:
        return default_storage.open(document.path)
    except FileNotFoundError:
        logger.exception("document is missing in the storage", extra={"document": str(document.pk)})
        raise ServiceUnavailable from None
