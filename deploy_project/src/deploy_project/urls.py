"""Everything under /api/v1/ comes from the packages; the rest is served by the deployment."""

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from deploy_project.health import healthz, readyz
from deploy_project.metrics import metrics

# Swagger UI's page has one style element and pictures in its style sheet.
swagger_policy = csp_update({"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]})
schema = {"permission_classes": [AllowAny], "authentication_classes": []}

api: list[URLPattern | URLResolver] = [
    path("", include("insure_payments.urls")),
    path("", include("insure_users.urls")),
    path("", include("insure_integrations.urls")),
    path("", include("insure_policies.urls")),
    path("", include("insure_audit.urls")),
]
if settings.HAS_API_DOCS:
    api += [
        path("schema/", SpectacularAPIView.as_view(**schema), name="schema"),
        path("docs/", swagger_policy(SpectacularSwaggerSplitView.as_view(url_name="schema", **schema)), name="docs"),
    ]

urlpatterns = [
    path("api/v1/", include(api)),
    path("", include("insure_users.wellknown_urls")),
    path("", include("insure_common.verification_urls")),
    path("", include("insure_payments.return_urls")),
    path("backoffice/", admin.site.urls),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
