from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

from insure_common.conf import CommonSettings, register_settings_check


class InsureCommonConfig(AppConfig):
    name = "insure_common"
    verbose_name = "Outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_settings_check(CommonSettings)
        autodiscover_modules("tasks")
