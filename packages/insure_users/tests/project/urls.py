from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("api/v1/", include("insure_users.urls")),
    path("", include("insure_users.wellknown_urls")),
    path("backoffice/", admin.site.urls),
]
