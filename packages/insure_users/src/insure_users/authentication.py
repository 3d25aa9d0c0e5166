"""Bearer tokens for Django REST Framework."""

from typing import Any

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenBackendError

from insure_common.exceptions import AuthenticationFailed
from insure_users.errors import TokenInvalid
from insure_users.models import Session
from insure_users.selectors.sessions import live_session
from insure_users.tokens import ACCESS, read_token


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`; `request.auth` is the session.

    Session and user are read in one query on every request: what ends either takes effect on the next one.
    """

    def authenticate(self, request: Request) -> tuple[Any, Session] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            claims = read_token(token.decode("ascii"), token_type=ACCESS)
        except (TokenBackendError, UnicodeDecodeError) as error:
            raise self._refused() from error
        session = live_session(session_id=claims.session_id, user_id=claims.user_id)
        if session is None:
            raise self._refused()
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _refused(self) -> AuthenticationFailed:
        return AuthenticationFailed(TokenInvalid.default_detail, TokenInvalid.default_code)
