from django.urls import path

from insure_audit import views

urlpatterns = [
    path("admin/audit-events/", views.AuditEventListView.as_view(), name="audit-events"),
    path("admin/audit-events/<uuid:pk>/", views.AuditEventView.as_view(), name="audit-event"),
    path("admin/audit-events/<uuid:pk>/proof/", views.AuditEventProofView.as_view(), name="audit-event-proof"),
    path("admin/report-kinds/", views.ReportKindListView.as_view(), name="report-kinds"),
    path("admin/reports/", views.ReportListView.as_view(), name="reports"),
    path("admin/reports/<uuid:pk>/", views.ReportView.as_view(), name="report"),
    path("admin/reports/<uuid:pk>/download/", views.ReportDownloadView.as_view(), name="report-download"),
]
