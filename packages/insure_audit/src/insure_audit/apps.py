from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from insure_audit.conf import AuditSettings
from insure_common.conf import register_settings_check


class InsureAuditConfig(AppConfig):
    name = "insure_audit"
    verbose_name = _("Audit trail")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_settings_check(AuditSettings)
