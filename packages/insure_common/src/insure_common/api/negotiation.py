"""What a client gets that asks for a form of answer we do not have."""

from collections.abc import Iterable

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class NeverRefuse(DefaultContentNegotiation):
    """Answers in the view's own form instead of 406.

    A phone that asks for `application/pdf` gets the PDF, which no renderer makes, and its errors as JSON. A header that
    cannot be read asks for nothing.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        except (NotAcceptable, TypeError, ValueError):
            own = next(iter(renderers))
            return own, str(own.media_type)
        return chosen
