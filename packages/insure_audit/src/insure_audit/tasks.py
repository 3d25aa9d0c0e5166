"""Outbox consumers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from insure_audit.services.purge import purge
from insure_common.outbox import consumer


@consumer(atomic=False, time_limit=timedelta(minutes=10))
def render_report_task(payload: dict[str, Any]) -> None:
    # Every process loads this module, and few of them the libraries that draw a PDF.
    from insure_audit.services.render_report import render_report

    render_report(report_id=UUID(payload["report_id"]))


@consumer(atomic=False, time_limit=timedelta(minutes=5))
def purge_task(payload: dict[str, Any]) -> None:
    purge()
