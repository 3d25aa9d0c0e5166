from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("insure_payments.urls")),
    path("api/v1/", include("insure_audit.urls")),
    path("", include("insure_common.verification_urls")),
    path("", include("insure_payments.return_urls")),
]
