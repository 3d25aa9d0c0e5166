"""Routes under /api/v1/."""

from django.urls import path

from insure_users import views

urlpatterns = [
    path("auth/register/", views.RegisterView.as_view()),
    path("auth/terms/", views.TermsView.as_view()),
    path("auth/login/", views.LoginView.as_view()),
    path("auth/otp/verify/", views.VerifyCodeView.as_view()),
    path("auth/otp/resend/", views.ResendCodeView.as_view()),
    path("auth/token/refresh/", views.RefreshView.as_view()),
    path("auth/logout/", views.LogoutView.as_view()),
    path("users/me/", views.MeView.as_view()),
]
