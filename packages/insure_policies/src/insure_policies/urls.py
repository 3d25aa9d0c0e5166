from django.urls import path

from insure_policies import views

urlpatterns = [
    path("policies/", views.PolicyListView.as_view(), name="policies"),
    path("policies/<uuid:pk>/", views.PolicyView.as_view(), name="policy"),
    path(
        "policies/<uuid:policy_id>/documents/<uuid:document_id>/download/",
        views.DocumentDownloadView.as_view(),
        name="policy-document",
    ),
    path("admin/policies/", views.AdminPolicyListView.as_view(), name="admin-policies"),
    path("admin/policies/<uuid:pk>/", views.AdminPolicyView.as_view(), name="admin-policy"),
]
