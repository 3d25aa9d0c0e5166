"""Routes under /api/v1/."""

from django.urls import path

from insure_users.views import admin, me, sign_in

urlpatterns = [
    path("auth/register/", sign_in.RegisterView.as_view()),
    path("auth/terms/", sign_in.TermsView.as_view()),
    path("auth/login/", sign_in.LoginView.as_view()),
    path("auth/otp/verify/", sign_in.VerifyCodeView.as_view()),
    path("auth/otp/resend/", sign_in.ResendCodeView.as_view()),
    path("auth/token/refresh/", sign_in.RefreshView.as_view()),
    path("auth/logout/", sign_in.LogoutView.as_view()),
    path("auth/password/forgot/", sign_in.ForgotPasswordView.as_view()),
    path("auth/password/reset/", sign_in.ResetPasswordView.as_view()),
    path("auth/password/change/", me.ChangePasswordView.as_view()),
    path("auth/sessions/", me.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>/", me.SessionView.as_view()),
    path("users/me/", me.MeView.as_view()),
    path("users/me/email/", me.ChangeEmailView.as_view()),
    path("users/me/email/confirm/", me.ConfirmEmailView.as_view()),
    path("users/me/consents/", me.ConsentsView.as_view()),
    path("users/me/consents/<str:kind>/revoke/", me.RevokeConsentView.as_view()),
    path("admin/users/", admin.UsersView.as_view()),
    path("admin/users/<uuid:user_id>/", admin.UserView.as_view()),
    path("admin/users/<uuid:user_id>/suspend/", admin.SuspendUserView.as_view()),
    path("admin/users/<uuid:user_id>/reactivate/", admin.ReactivateUserView.as_view()),
    path("admin/users/<uuid:user_id>/role/", admin.ChangeRoleView.as_view()),
]
