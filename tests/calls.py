"""Every call of the composed API and who may make it."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from insure_users.enums import Role

ANYONE = "anyone"
EVERYBODY = set(Role)
STAFF = {Role.SUPERVISOR, Role.INTERVENTORIA, Role.ADMIN}
SYSTEMS = {Role.SUPERVISOR, Role.ADMIN}
ADMIN = {Role.ADMIN}

ACCESS: dict[str, object] = {
    "GET schema/": ANYONE,
    "GET docs/": ANYONE,
    "POST auth/register/": ANYONE,
    "GET auth/terms/": ANYONE,
    "POST auth/login/": ANYONE,
    "POST auth/otp/verify/": ANYONE,
    "POST auth/otp/resend/": ANYONE,
    "POST auth/token/refresh/": ANYONE,
    "POST auth/logout/": ANYONE,
    "POST auth/password/forgot/": ANYONE,
    "POST auth/password/reset/": ANYONE,
    "POST auth/password/change/": EVERYBODY,
    "GET auth/sessions/": EVERYBODY,
    "DELETE auth/sessions/<uuid:session_id>/": EVERYBODY,
    "GET users/me/": EVERYBODY,
    "PATCH users/me/": EVERYBODY,
    "POST users/me/email/": EVERYBODY,
    "POST users/me/email/confirm/": EVERYBODY,
    "GET users/me/consents/": EVERYBODY,
    "POST users/me/consents/<str:kind>/revoke/": EVERYBODY,
    "GET admin/users/": STAFF,
    "GET admin/users/<uuid:user_id>/": STAFF,
    "POST admin/users/<uuid:user_id>/suspend/": ADMIN,
    "POST admin/users/<uuid:user_id>/reactivate/": ADMIN,
    "POST admin/users/<uuid:user_id>/role/": ADMIN,
    "GET notifications/": EVERYBODY,
    "POST notifications/<uuid:pk>/read/": EVERYBODY,
    "GET policies/": EVERYBODY,
    "GET policies/<uuid:pk>/": EVERYBODY,
    "GET policies/<uuid:policy_id>/documents/<uuid:document_id>/download/": EVERYBODY,
    "GET account/": EVERYBODY,
    "GET account/entries/": EVERYBODY,
    "GET charges/": EVERYBODY,
    "GET charges/<uuid:pk>/": EVERYBODY,
    "GET statements/": EVERYBODY,
    "GET statements/<uuid:pk>/": EVERYBODY,
    "GET statements/<uuid:pk>/pdf/": EVERYBODY,
    "GET payment-methods/": EVERYBODY,
    "GET pse/institutions/": EVERYBODY,
    "GET payments/": EVERYBODY,
    "POST payments/": EVERYBODY,
    "GET payments/<uuid:pk>/": EVERYBODY,
    "GET payments/<uuid:pk>/receipt/": EVERYBODY,
    "POST webhooks/wompi/": ANYONE,
    "POST webhooks/pse/": ANYONE,
    "GET admin/policies/": STAFF,
    "GET admin/policies/<uuid:pk>/": STAFF,
    "GET admin/payments/": STAFF,
    "GET admin/payments/<uuid:pk>/": STAFF,
    "POST admin/payments/<uuid:pk>/void/": ADMIN,
    "POST admin/payments/<uuid:pk>/resolve/": ADMIN,
    "POST admin/charges/": ADMIN,
    "POST admin/charges/<uuid:pk>/void/": ADMIN,
    "GET admin/accounts/<str:user_id>/": STAFF,
    "GET admin/accounts/<str:user_id>/entries/": STAFF,
    "GET admin/reconciliations/": STAFF,
    "GET admin/reconciliations/<uuid:pk>/": STAFF,
    "POST admin/reconciliations/": ADMIN,
    "GET admin/webhook-events/": SYSTEMS,
    "GET admin/webhook-events/<uuid:pk>/": SYSTEMS,
    "POST admin/webhook-events/<uuid:pk>/replay/": ADMIN,
    "GET admin/sync-jobs/": STAFF,
    "GET admin/sync-runs/": STAFF,
    "GET admin/sync-runs/<uuid:pk>/": STAFF,
    "POST admin/sync-runs/": ADMIN,
    "GET admin/external-calls/": SYSTEMS,
    "GET admin/external-calls/<uuid:pk>/": SYSTEMS,
    "GET admin/audit-events/": STAFF,
    "GET admin/audit-events/<uuid:pk>/": STAFF,
    "GET admin/audit-events/<uuid:pk>/proof/": STAFF,
    "GET admin/report-kinds/": STAFF,
    "GET admin/reports/": STAFF,
    "POST admin/reports/": STAFF,
    "GET admin/reports/<uuid:pk>/": STAFF,
    "GET admin/reports/<uuid:pk>/download/": STAFF,
}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route, pattern


def calls() -> set[str]:
    found = set()
    for route, pattern in routes(get_resolver().url_patterns):
        if not route.startswith("api/v1/"):
            continue
        view = pattern.callback.cls
        methods = [name.upper() for name in view.http_method_names if hasattr(view, name)]
        found |= {
            f"{method} {route.removeprefix('api/v1/')}" for method in methods if method not in ("OPTIONS", "HEAD")
        }
    return found
