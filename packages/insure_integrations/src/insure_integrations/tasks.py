"""Outbox consumers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from insure_common.outbox import consumer
from insure_integrations.services.erase_holder import erase_holder
from insure_integrations.services.link_holders import link_user
from insure_integrations.services.purge import purge
from insure_integrations.services.request_sync import request_due_syncs
from insure_integrations.services.run_sync import run_sync
from insure_integrations.services.send_notification import send_notification


@consumer()
def request_syncs_task(payload: dict[str, Any]) -> None:
    """For the schedule: `insure_common.enqueue_periodic` enqueues it once per slot."""
    request_due_syncs()


# A slice takes SYNC_SLICE and the calls of its last page, each retried within its own time-out.
@consumer(atomic=False, time_limit=timedelta(minutes=5))
def run_sync_task(payload: dict[str, Any]) -> None:
    run_sync(run_id=UUID(payload["run_id"]))


@consumer()
def link_user_task(payload: dict[str, Any]) -> None:
    link_user(user_id=payload["user_id"])


@consumer(atomic=False, time_limit=timedelta(minutes=10))
def erase_holder_task(payload: dict[str, Any]) -> None:
    """Subscriber of `user_pseudonymised`."""
    erase_holder(user_id=payload["user_id"])


@consumer(atomic=False, time_limit=timedelta(minutes=5))
def purge_task(payload: dict[str, Any]) -> None:
    purge()


@consumer(atomic=False)
def send_notification_task(payload: dict[str, Any]) -> None:
    send_notification(notification_id=UUID(payload["notification_id"]))
