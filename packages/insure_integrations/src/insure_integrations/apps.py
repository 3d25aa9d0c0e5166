from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from insure_common.conf import register_settings_check
from insure_integrations.conf import IntegrationsSettings


class InsureIntegrationsConfig(AppConfig):
    name = "insure_integrations"
    verbose_name = _("Integrations")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from insure_audit.public import register_actions  # has models, which are not loaded before

        register_settings_check(IntegrationsSettings)
        register_actions(
            {
                "integrations.sync_requested": _("Synchronisation requested"),
                "integrations.messages_retried": _("Failed work made due again"),
                "integrations.holder_linked": _("Holder of the core system linked to a user"),
            }
        )
