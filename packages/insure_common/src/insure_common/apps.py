from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.utils.module_loading import autodiscover_modules

from insure_common import clock
from insure_common.conf import CommonSettings, register_settings_check


class InsureCommonConfig(AppConfig):
    name = "insure_common"
    verbose_name = "Outbox"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register_settings_check(CommonSettings)
        connection_created.connect(clock.follow)
        autodiscover_modules("tasks")
