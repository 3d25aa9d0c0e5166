"""Sign-up and sign-in over HTTP: open to everybody."""

from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.views import validated
from insure_users.conf import UsersSettings
from insure_users.serializers import (
    ChallengeSerializer,
    CodeSerializer,
    ForgotPasswordSerializer,
    LoginSerializer,
    RefreshSerializer,
    RegistrationSerializer,
    ResendSerializer,
    ResetPasswordSerializer,
    SignedInSerializer,
    TermsSerializer,
    TokenPairSerializer,
)
from insure_users.services.challenges import resend_code
from insure_users.services.passwords import ask_for_password_reset, reset_password
from insure_users.services.register import register
from insure_users.services.sessions import end_session, refresh_session
from insure_users.services.sign_in import SignedIn, log_in, verify_code
from insure_users.tokens import key_ring, pair_of
from insure_users.views.base import PublicView, challenge_answer


class RegisterView(PublicView):
    @extend_schema(operation_id="register", request=RegistrationSerializer, responses={202: ChallengeSerializer})
    def post(self, request: Request) -> Response:
        person = validated(RegistrationSerializer, request.data)
        password, terms_version = person.pop("password"), person.pop("terms_version")
        person.pop("accepts_terms")
        return challenge_answer(register(person=person, password=password, terms_version=terms_version))


class TermsView(PublicView):
    @extend_schema(operation_id="terms", responses=TermsSerializer)
    def get(self, request: Request) -> Response:
        settings = UsersSettings.load()
        return Response({"terms_version": settings.TERMS_VERSION, "url": settings.TERMS_URL})


class LoginView(PublicView):
    @extend_schema(operation_id="login", request=LoginSerializer, responses={202: ChallengeSerializer})
    def post(self, request: Request) -> Response:
        return challenge_answer(log_in(**validated(LoginSerializer, request.data)))


class VerifyCodeView(PublicView):
    @extend_schema(operation_id="verify_code", request=CodeSerializer, responses=SignedInSerializer)
    def post(self, request: Request) -> Response:
        return Response(self._answer(verify_code(**validated(CodeSerializer, request.data))))

    def _answer(self, signed_in: SignedIn) -> dict[str, Any]:
        pair = pair_of(signed_in.session) if signed_in.session else None
        answer = {"access": pair and pair.access, "refresh": pair and pair.refresh, "user": signed_in.user}
        return SignedInSerializer(answer).data


class ResendCodeView(PublicView):
    @extend_schema(operation_id="resend_code", request=ResendSerializer, responses={202: ChallengeSerializer})
    def post(self, request: Request) -> Response:
        return challenge_answer(resend_code(**validated(ResendSerializer, request.data)))


class RefreshView(PublicView):
    @extend_schema(operation_id="refresh", request=RefreshSerializer, responses=TokenPairSerializer)
    def post(self, request: Request) -> Response:
        pair = refresh_session(**validated(RefreshSerializer, request.data))
        return Response(TokenPairSerializer(pair).data)


class LogoutView(PublicView):
    @extend_schema(operation_id="logout", request=RefreshSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        end_session(**validated(RefreshSerializer, request.data))
        return Response(status=204)


class ForgotPasswordView(PublicView):
    @extend_schema(
        operation_id="forgot_password", request=ForgotPasswordSerializer, responses={202: ChallengeSerializer}
    )
    def post(self, request: Request) -> Response:
        return challenge_answer(ask_for_password_reset(**validated(ForgotPasswordSerializer, request.data)))


class ResetPasswordView(PublicView):
    @extend_schema(operation_id="reset_password", request=ResetPasswordSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        reset_password(**validated(ResetPasswordSerializer, request.data))
        return Response(status=204)


KeysSerializer = inline_serializer("Keys", {"keys": serializers.ListField(child=serializers.DictField())})


class JwksView(PublicView):
    """The public keys that verify our tokens; may be cached for five minutes."""

    @extend_schema(operation_id="jwks", responses=KeysSerializer)
    def get(self, request: Request) -> Response:
        return Response(key_ring().jwks(), headers={"Cache-Control": "public, max-age=300"})
