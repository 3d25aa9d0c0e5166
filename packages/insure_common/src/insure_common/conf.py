"""Typed, frozen settings: one object per package, read from one dictionary of the project's settings."""

from base64 import b64decode
from typing import Annotated, Any, ClassVar, Self

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

SEED_BYTES = 32


def _seed(value: object) -> bytes:
    try:
        seed = b64decode(str(value), validate=True)
    except ValueError:
        raise ValueError("is not base64") from None
    if len(seed) != SEED_BYTES:
        raise ValueError(f"must be {SEED_BYTES} bytes in base64")
    return seed


Ed25519Seed = Annotated[bytes, BeforeValidator(_seed)]
"""A private key of 32 bytes; in base64 in the settings."""


class AppSettings(BaseModel):
    """Base of a package's settings object.

    Fields are named like the keys of the dictionary::

        class PaymentsSettings(AppSettings, setting="INSURE_PAYMENTS"):
            HOLD_MINUTES: int = 30

        PaymentsSettings.load().HOLD_MINUTES
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    setting: ClassVar[str]
    _loaded: ClassVar["AppSettings | None"] = None

    def __init_subclass__(cls, *, setting: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.setting = setting

    @classmethod
    def load(cls) -> Self:
        """The settings in force. Raises ImproperlyConfigured, naming each wrong key, if they are invalid."""
        if not isinstance(cls._loaded, cls):
            try:
                cls._loaded = cls.model_validate(getattr(settings, cls.setting, {}))
            except ValidationError as error:
                raise ImproperlyConfigured("; ".join(cls._readable(error))) from None
        return cls._loaded

    @classmethod
    def problems(cls) -> list[str]:
        """One readable line per wrong or unknown key; values are never repeated, they may be secret."""
        try:
            cls.model_validate(getattr(settings, cls.setting, {}))
        except ValidationError as error:
            return cls._readable(error)
        return []

    @classmethod
    def _readable(cls, error: ValidationError) -> list[str]:
        return [
            f"{cls.setting}[{'.'.join(str(part) for part in problem['loc'])!r}]: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]


def _forget_changed_settings(*, setting: str, **_: Any) -> None:
    for schema in AppSettings.__subclasses__():
        if schema.setting == setting:
            schema._loaded = None


setting_changed.connect(_forget_changed_settings)


def register_settings_check(schema: type[AppSettings]) -> None:
    """Let `manage.py check` name the unknown and invalid keys of a package's settings; call in AppConfig.ready."""

    def check(**_: Any) -> list[CheckMessage]:
        return [Error(problem, id=f"{schema.setting.lower()}.E001") for problem in schema.problems()]

    register(check)


def import_dotted(path: str) -> Any:
    """Resolve an extension point. Raises ImproperlyConfigured if the dotted path names nothing."""
    try:
        return import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"{path!r} cannot be imported: {error}") from error


class Company(BaseModel):
    """The letterhead of documents; its name is at the head of mails and public pages too."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "Seguros"
    tax_id: str = ""
    address: str = ""
    contact: str = ""


class CommonSettings(AppSettings, setting="INSURE_COMMON"):
    """INSURE_COMMON."""

    PEOPLE: str = "insure_common.people.UserModelPeople"
    """Dotted path of a class or object that implements `insure_common.people.People`."""
    COMPANY: Company = Company()
    SUBSCRIBERS: dict[str, list[str]] = {}
    """Outbox event -> dotted paths of the consumers that hear of it."""
    RELAY_HOOKS: dict[str, float] = {}
    """Dotted path of a function without arguments -> seconds between two calls by the relay process."""
    METRICS: list[str] = ["insure_common.metrics.gauges"]
    """Dotted paths of functions without arguments that return gauges for monitoring (`insure_common.metrics.Gauge`)."""
    RELAY_INTERVAL: float = 0.2
    """Seconds between two looks for due messages."""
    RELAY_AHEAD: int = 200
    """So many messages are with the broker and the workers at once; the others wait in the database, by priority."""
    HANDOVER_SECONDS: int = 60
    """How long a message may wait in the broker before it is handed over again."""
    OUTBOX_KEEP_DAYS: int = 7
    """Messages that were done are deleted after this many days."""
    IDEMPOTENCY_KEEP_HOURS: int = 24
    """How long an Idempotency-Key is remembered."""
    TRUSTED_PROXY_COUNT: int = 0
    """Proxies in front of the server: the client address is that hop of X-Forwarded-For, counted from the right."""
    PUBLIC_BASE_URL: str = "http://127.0.0.1:8000"
    """Origin of every absolute link that is built; never taken from a request."""
    REDIS_URL: str = ""
    """Where throttles count; without it nobody is throttled."""
    THROTTLES: dict[str, str] = {}
    """`throttle_scope` of a view -> rates, such as "5/minute;30/day"."""
    VERIFIERS: list[str] = []
    """Dotted paths of functions that find a document by its code (`insure_common.verification.Verified`), or None."""
    HTML_PATHS: tuple[str, ...] = ("/backoffice/", "/verify/", "/payments/return/")
    """Path prefixes that serve pages; everywhere else errors are JSON."""
    HTTP_PATHS: tuple[str, ...] = ()
    """Paths that HttpsOnlyMiddleware lets through over plain http: probes that are asked from inside."""
    MAX_BODY_BYTES: int = 256 * 1024
    """Largest request body that is read."""
