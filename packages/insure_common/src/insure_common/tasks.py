"""The Celery tasks through which all background work passes, and their signs of life."""

from uuid import UUID

from celery import shared_task

from insure_common import clock, liveness, outbox


@shared_task(name="insure_common.run_outbox_message", acks_late=True, ignore_result=True)
def run_outbox_message(message_id: str, token: str) -> None:
    """Consume one leased outbox message."""
    outbox.run_message(UUID(message_id), UUID(token))


@shared_task(name="insure_common.enqueue_periodic", ignore_result=True)
def enqueue_periodic(task: str, every_seconds: int) -> None:
    """Enqueue a consumer for the present slot of its schedule: once, however many schedulers fire."""
    slot = int(clock.now().timestamp()) // every_seconds
    outbox.enqueue(task, payload={}, dedupe_key=f"{task}@{every_seconds}:{slot}")


@shared_task(name="insure_common.show_life", ignore_result=True)
def show_life(process: str) -> None:
    """Show that the process that sent this is alive; beat's schedule does so with `("beat",)` every 30 seconds."""
    liveness.show_life(process)
