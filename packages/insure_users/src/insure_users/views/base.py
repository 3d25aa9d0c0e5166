"""What the views share."""

from typing import cast
from uuid import UUID

from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from insure_common.api.views import ApiView
from insure_users.models import Challenge, Session, User
from insure_users.serializers import ChallengeSerializer


class OwnView(ApiView):
    """For whoever is signed in, about themselves."""

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    @property
    def session_id(self) -> UUID:
        """The session of the access token."""
        return cast(Session, self.request.auth).pk


class PublicView(ApiView):
    """Open to everybody; an Authorization header is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


def challenge_answer(challenge: Challenge) -> Response:
    return Response(ChallengeSerializer(challenge).data, status=202)
