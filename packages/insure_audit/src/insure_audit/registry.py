"""Every audit action is declared with a sentence for people, so that the trail can be read and holds no stray names."""

import re
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

_NAME = re.compile(r"[a-z]+\.[a-z_]+")
_actions: dict[str, str | Promise] = {}


class UnknownAction(LookupError):
    """The action was not declared with `register_actions`."""


def register_actions(actions: Mapping[str, str | Promise]) -> None:
    """Declare the actions of a package in its AppConfig.ready: `{"payments.payment_settled": _("Payment settled")}`.

    Raises ImproperlyConfigured for a name that is not `package.thing_verbed` or that is declared already.
    """
    for action, sentence in actions.items():
        if not _NAME.fullmatch(action):
            raise ImproperlyConfigured(f"{action!r} is not of the form package.thing_verbed")
        if action in _actions:
            raise ImproperlyConfigured(f"{action!r} is declared twice")
        _actions[action] = sentence


def is_registered(action: str) -> bool:
    return action in _actions


def sentence_for(action: str) -> str:
    """What the action means, in the language in force; its name if nothing declares it any more."""
    return str(_actions.get(action, action))
