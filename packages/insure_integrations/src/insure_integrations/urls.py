from django.urls import path

from insure_integrations import views

urlpatterns = [
    path("notifications/", views.NotificationListView.as_view(), name="notifications"),
    path("notifications/<uuid:pk>/read/", views.NotificationReadView.as_view(), name="notification-read"),
    path("admin/sync-jobs/", views.SyncJobListView.as_view(), name="sync-jobs"),
    path("admin/sync-runs/", views.SyncRunListView.as_view(), name="sync-runs"),
    path("admin/sync-runs/<uuid:pk>/", views.SyncRunView.as_view(), name="sync-run"),
    path("admin/external-calls/", views.ExternalCallListView.as_view(), name="external-calls"),
    path("admin/external-calls/<uuid:pk>/", views.ExternalCallView.as_view(), name="external-call"),
]
