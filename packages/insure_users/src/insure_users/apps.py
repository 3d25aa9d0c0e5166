from django.apps import AppConfig
from django.contrib.admin import apps as admin  # the class itself, imported, would be taken for this package's own
from django.utils.translation import gettext_lazy as _

from insure_common.conf import register_settings_check
from insure_users.conf import UsersSettings


class InsureUsersConfig(AppConfig):
    name = "insure_users"
    verbose_name = _("Users")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from insure_audit.public import register_actions
        from insure_users import schema  # noqa: F401 drf-spectacular finds the extension by its import
        from insure_users.actions import ACTIONS

        register_settings_check(UsersSettings)
        register_actions(ACTIONS)


class BackOfficeConfig(admin.AdminConfig):
    """Stands in INSTALLED_APPS in the place of `django.contrib.admin`."""

    default = False
    default_site = "insure_users.backoffice.BackOffice"
