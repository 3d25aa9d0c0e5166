from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from insure_common.conf import register_settings_check
from insure_payments.conf import PaymentsSettings


class InsurePaymentsConfig(AppConfig):
    name = "insure_payments"
    verbose_name = _("Payments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_settings_check(PaymentsSettings)
