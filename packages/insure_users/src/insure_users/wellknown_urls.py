"""Routes at the root of the site."""

from django.urls import path

from insure_users import views

urlpatterns = [path(".well-known/jwks.json", views.JwksView.as_view())]
