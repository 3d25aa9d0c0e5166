"""Outbox consumers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from insure_common.outbox import consumer
from insure_users.services.notices import send_notice
from insure_users.services.purge import purge
from insure_users.services.send_code import send_code


@consumer(atomic=False)
def send_code_task(payload: dict[str, Any]) -> None:
    send_code(challenge_id=UUID(payload["challenge_id"]), send=payload["send"])


@consumer(atomic=False)
def send_notice_task(payload: dict[str, Any]) -> None:
    send_notice(**payload)


@consumer(atomic=False, time_limit=timedelta(minutes=5))
def purge_task(payload: dict[str, Any]) -> None:
    purge()
