"""The JSON log: one line an event, whatever somebody hands to a logger."""

import io
import json
import logging
import logging.config

import pytest
from django.test import RequestFactory

from deploy_project.logs import logging_config

SECRET = "canary-7391"


@pytest.fixture
def logged():
    """Log a warning as the deployment does; its one line."""
    stream = io.StringIO()
    configuration = logging_config(level="INFO")
    formatter = logging.config.DictConfigurator(configuration).configure_formatter(configuration["formatters"]["json"])
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger = logging.Logger("canary")
    logger.addHandler(handler)

    def log(message, *arguments, **options):
        logger.warning(message, *arguments, **options)
        [line] = stream.getvalue().splitlines()
        return json.loads(line)

    return log


@pytest.mark.parametrize(
    "extra",
    [
        {"password": SECRET},
        {"headers": {"Authorization": SECRET, "nested": [{"Cookie": SECRET}]}},
        {"request": RequestFactory().get(f"/api/v1/charges/?token={SECRET}")},
        {"tokens": [SECRET, (SECRET,)]},
        {"detail": f"Bearer {SECRET}"},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_secrets_are_masked_in_every_form(logged, extra):
    event = logged("something", extra=extra)
    assert SECRET not in json.dumps(event)
    assert event["event"] == "something"


@pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"])
def test_card_numbers_are_masked_wherever_they_stand(logged, number):
    assert logged(f"refused {number}.")["event"] == "refused ***."


@pytest.mark.parametrize(
    "text", ["4111111111111112", "0192f3a0-4111-7111-8111-111111111111", "9007199254740993000001", "2026-11-25"]
)
def test_other_numbers_stay(logged, text):
    assert logged("number %s", text)["event"] == f"number {text}"


def test_numbers_and_statuses_stay_what_they_are(logged):
    event = logged("answered", extra={"status_code": 404, "is_late": False, "nothing": None})
    assert (event["status_code"], event["is_late"], event["nothing"]) == (404, False, None)


def test_line_breaks_in_names_stay_in_one_line(logged):
    name = 'Ana\r\n{"event": "forged"}\x1b[31m\x00'
    assert logged("hello %s", name, extra={"person": name})["person"].startswith("Ana\r\n")


def test_row_of_a_refused_statement_is_left_out(logged):
    message = 'violates "c"\nDETAIL:  Failing row contains (52700104, ana@example.com).'
    try:
        raise ValueError(message)
    except ValueError:
        event = logged("failed", exc_info=True)
    assert "52700104" not in json.dumps(event)
    assert 'violates "c"' in event["exception"]
