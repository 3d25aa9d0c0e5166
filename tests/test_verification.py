"""The public page of a document as the deployment serves it."""

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template

pytestmark = pytest.mark.django_db

UNKNOWN = "/verify/" + "0" * 32 + "/"


def test_unknown_document_is_a_page_that_the_browser_may_run_nothing_on(client):
    page = client.get(UNKNOWN, headers={"Accept": "text/html", "Accept-Language": "es"})
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Ningún documento tiene este código." in page.content.decode()
    assert "Seguros Ejemplo S.A." in page.content.decode()
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert (page["X-Frame-Options"], page["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert page["Cache-Control"] == "no-store"


def test_style_of_the_page_is_a_file_of_ours():
    source = get_template("insure_common/page.html").template.source
    assert "insure_common/page.css" in source
    assert finders.find("insure_common/page.css")


def test_unknown_document_is_json_for_who_asks_for_it(client):
    answer = client.get(UNKNOWN, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_looks_are_limited():
    assert settings.INSURE_COMMON["THROTTLES"]["verify"]
