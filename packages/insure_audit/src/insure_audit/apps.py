from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from insure_audit.conf import AuditSettings
from insure_common.conf import register_settings_check


class InsureAuditConfig(AppConfig):
    name = "insure_audit"
    verbose_name = _("Audit and reports")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # This has models, which are not loaded before.
        from insure_audit.public import register_actions

        register_settings_check(AuditSettings)
        register_actions(
            {
                "audit.report_requested": _("Report requested"),
                "audit.report_downloaded": _("Report downloaded"),
            }
        )
