from django.apps import AppConfig


class MembersConfig(AppConfig):
    name = "insure_common.testing.members"
    label = "members"
    default_auto_field = "django.db.models.BigAutoField"
