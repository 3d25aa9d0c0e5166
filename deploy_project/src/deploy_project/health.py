"""Liveness and readiness."""

from django.db import DEFAULT_DB_ALIAS, connections
from django.db import Error as DatabaseError
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse


def healthz(_request: HttpRequest) -> JsonResponse:
    """Alive: the process answers. Depends on nothing else."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """Ready: the database answers and no migration is pending. The broker is not needed to serve requests."""
    try:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
        checks: dict[str, bool | int | None] = {"database": True, "pending_migrations": pending}
    except DatabaseError:
        checks = {"database": False, "pending_migrations": None}
    is_ready = checks == {"database": True, "pending_migrations": 0}
    return JsonResponse({"status": "ready" if is_ready else "not ready", **checks}, status=200 if is_ready else 503)
