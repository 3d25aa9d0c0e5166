"""Routes at the root of the site: the page behind the code of a document."""

from django.urls import path

from insure_common.api.verification import VerificationView

# Whatever else somebody types under it gets the same page.
page = VerificationView.as_view(schema=None)

urlpatterns = [
    path("verify/<path:code>/", VerificationView.as_view(), name="verify"),
    path("verify/<path:code>", page),
    path("verify/", page, {"code": ""}),
]
