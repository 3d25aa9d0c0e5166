from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from insure_integrations.public import NotificationKind, register_notification_kinds, register_sync_job
        from project.policies import JOB

        register_sync_job(JOB)
        register_notification_kinds({"project.welcome": NotificationKind(title="Welcome", template="project/welcome")})
