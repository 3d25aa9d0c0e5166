"""Users over HTTP for those whose role may see or change others."""

from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from insure_common.api.permissions import requires
from insure_common.api.views import ListView, validated
from insure_users.models import User
from insure_users.selectors.users import users_visible_to
from insure_users.serializers import ReasonSerializer, RoleSerializer, SeenUserSerializer, UserQuery
from insure_users.services.manage_users import change_role, reactivate_user, suspend_user
from insure_users.services.view_users import view_user, view_users
from insure_users.views.base import OwnView


class UsersView(OwnView, ListView[User]):
    permission_classes = (requires("insure_users.view_any_user"),)
    query_serializer_class = UserQuery
    serializer_class = SeenUserSerializer

    def get_queryset(self) -> QuerySet[User]:
        return users_visible_to(self.user, **self.filters)

    @extend_schema(operation_id="users")
    def get(self, request: Request) -> Response:
        answer = self.list(request)
        view_users(viewer=self.user, user_ids=[user["id"] for user in answer.data["results"]])
        return answer


class AnswersUser(OwnView):
    def answer(self, user: User) -> Response:
        return Response(SeenUserSerializer(user, context={"request": self.request}).data)


class UserView(AnswersUser):
    permission_classes = (requires("insure_users.view_any_user"),)

    @extend_schema(operation_id="user", responses=SeenUserSerializer)
    def get(self, request: Request, user_id: UUID) -> Response:
        return self.answer(view_user(viewer=self.user, user_id=user_id))


class SuspendUserView(AnswersUser):
    permission_classes = (requires("insure_users.suspend_user"),)

    @extend_schema(operation_id="suspend_user", request=ReasonSerializer, responses=SeenUserSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        values = validated(ReasonSerializer, request.data)
        return self.answer(suspend_user(actor=self.user, user_id=user_id, **values))


class ReactivateUserView(AnswersUser):
    permission_classes = (requires("insure_users.suspend_user"),)

    @extend_schema(operation_id="reactivate_user", request=ReasonSerializer, responses=SeenUserSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        values = validated(ReasonSerializer, request.data)
        return self.answer(reactivate_user(actor=self.user, user_id=user_id, **values))


class ChangeRoleView(AnswersUser):
    permission_classes = (requires("insure_users.change_role"),)

    @extend_schema(operation_id="change_role", request=RoleSerializer, responses=SeenUserSerializer)
    def post(self, request: Request, user_id: UUID) -> Response:
        values = validated(RoleSerializer, request.data)
        return self.answer(change_role(actor=self.user, user_id=user_id, **values))
