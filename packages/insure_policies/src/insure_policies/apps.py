from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from insure_common.conf import register_settings_check
from insure_policies.conf import PoliciesSettings


class InsurePoliciesConfig(AppConfig):
    name = "insure_policies"
    verbose_name = _("Policies")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from insure_audit.public import register_actions
        from insure_integrations.public import register_sync_job
        from insure_policies.actions import ACTIONS
        from insure_policies.sync import policies_job

        register_settings_check(PoliciesSettings)
        register_actions(ACTIONS)
        register_sync_job(policies_job())
