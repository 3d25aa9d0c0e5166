"""The relay process: leases due messages, hands their ids to Celery, and calls the periodic hooks.

Any number of relays may run. It is the only place that talks to the broker, so a dead or mute broker costs time,
never work, and never a request.
"""

import logging
import threading
import time
from datetime import timedelta

from django.db import Error as DatabaseError
from django.db import close_old_connections, connection

from insure_common import liveness, outbox, tasks
from insure_common.conf import CommonSettings, import_dotted
from insure_common.correlation import bound

logger = logging.getLogger(__name__)

PAUSE_AFTER_FAILURE = 1.0
RECLAIM_INTERVAL = 5.0
MARGIN = timedelta(seconds=5)
"""A worker is asked to end this long before it is ended."""


def run(stop: threading.Event) -> None:
    """Relay until `stop` is set; survives the loss of the database and of the broker."""
    settings = CommonSettings.load()
    hooks = {
        "insure_common.outbox.reclaim_expired": RECLAIM_INTERVAL,
        "insure_common.relay.show_life": liveness.RELAY_INTERVAL,
        **settings.RELAY_HOOKS,
    }
    due = dict.fromkeys(hooks, 0.0)
    while not stop.is_set():
        try:
            close_old_connections()
            _call_due_hooks(hooks, due)
            moved = relay_once(ahead=settings.RELAY_AHEAD)
        except DatabaseError:
            logger.warning("relay waits for the database", exc_info=True)
            connection.close()
            stop.wait(PAUSE_AFTER_FAILURE)
            continue
        if moved is None:
            stop.wait(PAUSE_AFTER_FAILURE)
        elif not moved:
            stop.wait(settings.RELAY_INTERVAL)


def relay_once(*, ahead: int) -> int | None:
    """Hand over what is due, until `ahead` messages are handed over and not done; returns how many.

    The broker's queue knows no priority, and what waits in it for long is handed over again: so it is kept short.
    Returns None if the broker took none of the last ones.
    """
    leases = outbox.lease_due(limit=max(0, ahead - outbox.handed_over()))
    for position, lease in enumerate(leases):
        try:
            tasks.run_outbox_message.apply_async(
                (str(lease.message_id), str(lease.token)),
                retry=False,
                soft_time_limit=int((lease.time_limit - MARGIN).total_seconds()),
                time_limit=int(lease.time_limit.total_seconds()),
            )
        except Exception:
            logger.warning("relay waits for the broker", exc_info=True)
            outbox.give_back(leases[position:])
            return None
    return len(leases)


def show_life() -> None:
    """The relay's sign of life, and the question to a worker for one."""
    liveness.show_life(liveness.RELAY)
    try:
        tasks.show_life.apply_async((liveness.WORKER,), retry=False, expires=liveness.EXPIRES)
    except Exception:
        logger.warning("relay waits for the broker", exc_info=True)


def _call_due_hooks(hooks: dict[str, float], due: dict[str, float]) -> None:
    for path, interval in hooks.items():
        if time.monotonic() < due[path]:
            continue
        due[path] = time.monotonic() + interval
        try:
            with bound():
                import_dotted(path)()
        except DatabaseError:
            raise
        except Exception:
            logger.exception("relay hook failed", extra={"hook": path})
