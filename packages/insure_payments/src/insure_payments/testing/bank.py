"""The bank behind a provider's sandbox: a page where the payer decides, and the way back to the merchant."""

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlencode, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse

PAGE = Template(files(__package__).joinpath("bank.html").read_text())
BUTTONS = {"aprobar": "Aprobar", "rechazar": "Rechazar", "error": "Error"}
"""The outcome that a form's action names, and its button."""
NOT_FOUND = HTMLResponse("<p>El pago no existe.</p>", status_code=404)


def bank_page(texts: Mapping[str, str], *, url: str, outcomes: Iterable[str]) -> HTMLResponse:
    """The page at `url`, with one form for each outcome.

    `texts`: bank, amount, description, reference, status, and `place` if it is not a bank's page for PSE.
    """
    forms = "".join(_form(url, outcome) for outcome in outcomes)
    shown = {name: escape(text) for name, text in {"place": "Sucursal virtual de pruebas · PSE", **texts}.items()}
    return HTMLResponse(PAGE.substitute(shown, forms=forms))


def back_to(url: str, **returned: str) -> RedirectResponse:
    """The payer returns to the merchant, whose address gets `returned` in its query."""
    back = urlsplit(url)
    query = "&".join(part for part in (back.query, urlencode(returned)) if part)
    return RedirectResponse(back._replace(query=query).geturl(), status_code=303)


def _form(url: str, outcome: str) -> str:
    parts = urlsplit(url)
    style = ' class="primary"' if outcome == "aprobar" else ""
    action = escape(f"{parts.path}/{outcome}" + (f"?{parts.query}" if parts.query else ""))
    return f'<form method="post" action="{action}"><button{style}>{BUTTONS[outcome]}</button></form>'
