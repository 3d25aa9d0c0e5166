"""JSON logs on standard error, with correlation id and without secrets, in every process."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from django.http import HttpRequest

from insure_common import correlation
from insure_common.cards import MASK
from insure_common.redaction import redacted

Event = MutableMapping[str, Any]

_SECRET_NAMES = re.compile(r"password|secret|token|authorization|code$|otp|pepper|private_key|cookie", re.IGNORECASE)
_SECRET_VALUES = re.compile(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]+"  # JSON Web Tokens
    r"|(?:prv|pub)_(?:test|prod|stagtest)_\w+"  # Wompi keys
    r"|(?<=Bearer )\S+"
)


def add_correlation(_logger: Any, _method: str, event: Event) -> Event:
    number = correlation.correlation_id()
    if number:
        event["correlation_id"] = str(number)
    return event


def redact(_logger: Any, _method: str, event: Event) -> Event:
    for name, value in event.items():
        # structlog's own have an underscore and are taken out later.
        if not name.startswith("_"):
            event[name] = _redacted(name, value)
    return event


def _redacted(name: str, value: Any) -> Any:
    """What may be logged of any value that somebody hands to a logger, in a form that JSON knows."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _redacted(str(key), part) for key, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [_redacted(name, part) for part in value]
    if _SECRET_NAMES.search(name):
        return MASK
    # Django logs requests, whose text has the query.
    text = f"{value.method} {value.path}" if isinstance(value, HttpRequest) else str(value)
    return redacted(_SECRET_VALUES.sub(MASK, text))


def logging_config(*, level: str) -> dict[str, Any]:
    """The value of settings.LOGGING; configures structlog, which only the request log of django-structlog uses."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_correlation,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.JSONRenderer(ensure_ascii=False),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "httpx": {"level": "WARNING"},
            "httpcore": {"level": "WARNING"},
            # What it says of refused requests must not go around the above.
            "gunicorn.error": {"handlers": [], "propagate": True},
        },
    }
