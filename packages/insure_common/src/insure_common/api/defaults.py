"""Settings that a project copies: `REST_FRAMEWORK = {**defaults.REST_FRAMEWORK, ...}`."""

MIDDLEWARE = [
    "insure_common.middleware.CorrelationMiddleware",
    "insure_common.middleware.ApiAnswersMiddleware",
]
"""Before all others."""

REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["insure_common.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "insure_common.api.negotiation.NeverRefuse",
    "DEFAULT_PAGINATION_CLASS": "insure_common.api.pagination.Cursor",
    "DEFAULT_SCHEMA_CLASS": "insure_common.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "insure_common.api.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
}
