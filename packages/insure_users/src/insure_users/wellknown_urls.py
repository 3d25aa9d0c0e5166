"""Routes at the root of the site."""

from django.urls import path

from insure_users.views.sign_in import JwksView

urlpatterns = [path(".well-known/jwks.json", JwksView.as_view())]
