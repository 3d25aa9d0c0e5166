from django.urls import path

from insure_audit import views

urlpatterns = [
    path("admin/audit-events/", views.AuditEventListView.as_view(), name="audit-events"),
    path("admin/audit-events/<uuid:pk>/", views.AuditEventView.as_view(), name="audit-event"),
    path("admin/audit-events/<uuid:pk>/proof/", views.AuditEventProofView.as_view(), name="audit-event-proof"),
]
