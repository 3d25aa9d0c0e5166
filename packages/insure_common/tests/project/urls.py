from django.urls import path

from project import views

urlpatterns = [
    path("api/v1/things/", views.Things.as_view()),
    path("api/v1/members/", views.Members.as_view()),
    path("api/v1/scarce/", views.Scarce.as_view()),
    path("api/v1/failing/<kind>/", views.Failing.as_view()),
]
