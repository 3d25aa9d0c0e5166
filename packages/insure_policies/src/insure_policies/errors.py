"""Expected errors."""

from django.utils.translation import gettext_lazy as _

from insure_common.exceptions import Conflict


class DocumentNotReady(Conflict):
    default_code = "document_not_ready"
    default_detail = _("The document is being fetched from the insurer. Please try again in a few minutes.")
