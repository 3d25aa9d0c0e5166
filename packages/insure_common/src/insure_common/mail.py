"""Mail in plain text and HTML from templates; called from outbox consumers only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from insure_common.conf import CommonSettings

_ADDRESS = re.compile(r"[^\s<>,;:\"\\()\[\]]+@[^\s<>,;:\"\\()\[\]@]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content: bytes
    content_type: str


def send_mail(
    *,
    template: str,
    to: str,
    context: Mapping[str, Any],
    language: str = "es",
    attachments: Sequence[Attachment] = (),
) -> None:
    """Render `<template>.subject.txt`, `.txt` and `.html` in `language` and send them to one address.

    The text templates wrap themselves in `{% autoescape off %}`: Django escapes every template, whatever its name.
    Raises ValueError if `to` is not exactly one address, and what the mail backend raises if the server fails.
    """
    if not _ADDRESS.fullmatch(to):
        raise ValueError("not one e-mail address")
    settings = CommonSettings.load()
    values = {"public_base_url": settings.PUBLIC_BASE_URL, "company": settings.COMPANY, **context}
    with translation.override(language):
        subject = " ".join(render_to_string(f"{template}.subject.txt", values).split())
        message = EmailMultiAlternatives(subject=subject, body=render_to_string(f"{template}.txt", values), to=[to])
        message.attach_alternative(render_to_string(f"{template}.html", values), "text/html")
    for attachment in attachments:
        message.attach(attachment.filename, attachment.content, attachment.content_type)
    message.send()
