"""One's own profile, devices, password, e-mail and consents over HTTP."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.views import ListView, validated
from insure_users.models import Consent, Session
from insure_users.selectors.consents import consents_of
from insure_users.selectors.sessions import live_sessions_of
from insure_users.serializers import (
    ChallengeSerializer,
    ChangeEmailSerializer,
    ChangePasswordSerializer,
    CodeSerializer,
    ConsentSerializer,
    ProfileSerializer,
    SessionSerializer,
    UserSerializer,
)
from insure_users.services.change_email import ask_for_email_change, confirm_email_change
from insure_users.services.consents import revoke_consent
from insure_users.services.passwords import change_password
from insure_users.services.profile import change_profile
from insure_users.services.sessions import end_session_of
from insure_users.views.base import OwnView, challenge_answer


class MeView(OwnView):
    @extend_schema(operation_id="me", responses=UserSerializer)
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(self.user).data)

    @extend_schema(operation_id="change_me", request=ProfileSerializer, responses=UserSerializer)
    def patch(self, request: Request) -> Response:
        changes = validated(ProfileSerializer, request.data)
        return Response(UserSerializer(change_profile(user=self.user, changes=changes)).data)


class ChangePasswordView(OwnView):
    @extend_schema(operation_id="change_password", request=ChangePasswordSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        values = validated(ChangePasswordSerializer, request.data)
        change_password(user=self.user, session_id=self.session_id, **values)
        return Response(status=204)


class ChangeEmailView(OwnView):
    @extend_schema(operation_id="change_email", request=ChangeEmailSerializer, responses={202: ChallengeSerializer})
    def post(self, request: Request) -> Response:
        return challenge_answer(ask_for_email_change(user=self.user, **validated(ChangeEmailSerializer, request.data)))


class ConfirmEmailView(OwnView):
    @extend_schema(operation_id="confirm_email", request=CodeSerializer, responses=UserSerializer)
    def post(self, request: Request) -> Response:
        values = validated(CodeSerializer, request.data)
        user = confirm_email_change(user=self.user, session_id=self.session_id, **values)
        return Response(UserSerializer(user).data)


class SessionsView(OwnView, ListView[Session]):
    serializer_class = SessionSerializer

    def get_queryset(self) -> QuerySet[Session]:
        return live_sessions_of(self.user)

    @extend_schema(operation_id="sessions")
    def get(self, request: Request) -> Response:
        return self.list(request)


class SessionView(OwnView):
    @extend_schema(operation_id="end_session", responses={204: None})
    def delete(self, request: Request, session_id: UUID) -> Response:
        end_session_of(self.user, session_id=session_id)
        return Response(status=204)


class ConsentsView(OwnView, ListView[Consent]):
    serializer_class = ConsentSerializer

    def get_queryset(self) -> QuerySet[Consent]:
        return consents_of(self.user)

    @extend_schema(operation_id="consents")
    def get(self, request: Request) -> Response:
        return self.list(request)


class RevokeConsentView(OwnView):
    @extend_schema(operation_id="revoke_consent", request=None, responses=ConsentSerializer)
    def post(self, request: Request, kind: str) -> Response:
        return Response(ConsentSerializer(revoke_consent(user=self.user, kind=kind)).data)
