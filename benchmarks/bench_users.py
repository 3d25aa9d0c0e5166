"""insure_users: sign-in over its hash, refresh against SimpleJWT's, the session check, answers that must not tell.

Views are called in this process, without HTTP. Every sample runs each variant once, in an order that changes; figures
are medians, ratios are taken within one run.
"""

import logging
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "composed_settings")

import composed_settings

composed_settings.INSTALLED_APPS += ["rest_framework_simplejwt.token_blacklist"]
composed_settings.INSURE_USERS = {
    key: value for key, value in composed_settings.INSURE_USERS.items() if not key.startswith("ARGON2_")
}
composed_settings.SIMPLE_JWT = {"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True}

import django

django.setup()

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken
from rest_framework_simplejwt.views import TokenRefreshView

from insure_users.authentication import AccessTokenAuthentication
from insure_users.models import Session, User
from insure_users.testing.factories import PASSWORD, make_user, person
from insure_users.testing.sign_in import sign_in
from insure_users.tokens import ACCESS, pair_of, read_token
from insure_users.views.sign_in import ForgotPasswordView, LoginView, RefreshView, RegisterView

UNLIMITED = dict.fromkeys(
    (
        *("FAILED_LOGINS_PER_ACCOUNT", "FAILED_LOGINS_PER_ADDRESS", "MAILS_PER_MINUTE"),
        *("MAILS_PER_HOUR", "MAILS_PER_ADDRESS_PER_HOUR"),
    ),
    1_000_000,
)
SLOW_SAMPLES = 80
FAST_SAMPLES = 800

Variant = Callable[[], Any]
FACTORY = APIRequestFactory()


def medians(variants: dict[str, Variant], samples: int) -> dict[str, float]:
    """Milliseconds of each."""
    figures: dict[str, list[float]] = {name: [] for name in variants}
    names = list(variants)
    for name in names * 3:
        variants[name]()
    for _ in range(samples):
        random.shuffle(names)
        for name in names:
            started = time.perf_counter()
            variants[name]()
            figures[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(values) for name, values in figures.items()}


def post(view: Any, body: dict[str, Any], status: int) -> Any:
    answer = view(FACTORY.post("/", body, format="json", REMOTE_ADDR="127.0.0.1"))
    answer.render()
    assert answer.status_code == status, answer.data
    return answer.data


class Refreshes:
    """Each call presents the token that the call before got."""

    def __init__(self, view: Any, token: str) -> None:
        self.view, self.token = view, token

    def __call__(self) -> None:
        self.token = post(self.view, {"refresh": self.token}, 200)["refresh"]


class TokenOnly(AccessTokenAuthentication):
    """The signature and the claims, without the session."""

    def authenticate(self, request: Any) -> Any:
        read_token(request.META["HTTP_AUTHORIZATION"].partition(" ")[2], token_type=ACCESS)
        return USER, None


class Empty(APIView):
    permission_classes = (IsAuthenticated,)

    def get(self, request: Any) -> Response:
        return Response({"id": str(request.user.pk)})


def request_with(authentication: type, token: str) -> Variant:
    view = Empty.as_view(authentication_classes=[authentication])

    def get() -> None:
        assert view(FACTORY.get("/", HTTP_AUTHORIZATION=f"Bearer {token}")).status_code == 200

    return get


def queries_of(variant: Variant) -> int:
    with CaptureQueriesContext(connection) as captured:
        variant()
    return len(captured)


def line(name: str, milliseconds: float, remark: str = "") -> None:
    print(f"{name:<46}{milliseconds:9.3f} ms   {remark}")


def login_over_its_hash(user: User) -> None:
    login, body = LoginView.as_view(), {"email": user.email_primary, "password": PASSWORD}
    found = medians(
        {"hash": lambda: check_password(PASSWORD, user.password), "login": lambda: post(login, body, 202)},
        SLOW_SAMPLES,
    )
    line("Argon2id check of one password", found["hash"])
    line("login, whole view", found["login"], f"x {found['login'] / found['hash']:.3f}   (gate: 1.100)")


def refresh_against_simplejwt(user: User) -> None:
    ours = Refreshes(RefreshView.as_view(), pair_of(session_of(user)).refresh)
    peer = Refreshes(TokenRefreshView.as_view(), str(RefreshToken.for_user(user)))
    statements = queries_of(ours), queries_of(peer)
    found = medians({"ours": ours, "peer": peer}, FAST_SAMPLES)
    line("SimpleJWT refresh, rotation and blacklist", found["peer"], f"{statements[1]} statements")
    ratio = f"{found['peer'] / found['ours']:.2f} x as fast   (gate: 3.00)"
    line("refresh", found["ours"], f"{statements[0]} statements, {ratio}")


def session_check(user: User) -> None:
    access = sign_in(user)
    variants = {
        "token": request_with(TokenOnly, access),
        "session": request_with(AccessTokenAuthentication, access),
        "peer": request_with(JWTAuthentication, str(AccessToken.for_user(user))),
    }
    more = queries_of(variants["session"]) - queries_of(variants["token"])
    found = medians(variants, FAST_SAMPLES)
    line("empty view, token only", found["token"])
    line("empty view, SimpleJWT (reads the user)", found["peer"])
    added = found["session"] - found["token"]
    line("empty view, token and session", found["session"], f"adds {added:.3f} ms, {more} query   (gate: 0.300, 1)")


def answers_that_must_not_tell(known: User, suspended: User) -> None:
    login, forgot, register = LoginView.as_view(), ForgotPasswordView.as_view(), RegisterView.as_view()
    unknown = person()["email_primary"]

    def registration(email: str) -> dict[str, Any]:
        fields = person(email_primary=email, birth_date="1990-05-17", password=PASSWORD)
        return fields | {"accepts_terms": True, "terms_version": settings.INSURE_USERS["TERMS_VERSION"]}

    pairs: dict[str, Callable[[str], Any]] = {
        "login": lambda email: post(login, {"email": email, "password": "wrong password"}, 401),
        "forgot": lambda email: post(forgot, {"email": email}, 202),
        "register": lambda email: post(register, registration(email), 202),
    }
    emails = {"known": known.email_primary, "unknown": unknown, "suspended": suspended.email_primary}
    for name, ask in pairs.items():
        samples = SLOW_SAMPLES if name != "forgot" else FAST_SAMPLES // 3
        variants: dict[str, Variant] = {who: (lambda ask=ask, email=email: ask(email)) for who, email in emails.items()}
        found = medians(variants, samples)
        for who in emails:
            apart = f"{(found[who] / found['known'] - 1) * 100:+.1f} %   (gate: 10 %)" if who != "known" else ""
            line(f"{name}, {who}", found[who], apart)


def session_of(user: User) -> Session:
    sign_in(user)
    return Session.objects.filter(user_id=user.pk).latest("created_at")


USER: Any = None


def main() -> None:
    global USER
    call_command("migrate", verbosity=0)
    with override_settings(INSURE_USERS=settings.INSURE_USERS | UNLIMITED):
        logging.disable()
        number = str(time.time_ns())[-12:-3]
        USER = make_user(email_primary=f"known.{number}@example.com", id_number=f"1{number}")
        suspended = make_user(
            email_primary=f"suspended.{number}@example.com", id_number=f"2{number}", status="SUSPENDED"
        )
        login_over_its_hash(USER)
        refresh_against_simplejwt(USER)
        session_check(USER)
        answers_that_must_not_tell(USER, suspended)


if __name__ == "__main__":
    main()
