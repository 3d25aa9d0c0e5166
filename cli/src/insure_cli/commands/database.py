"""The database, as its owner: migrations and the rights of the application's role."""

import time

import click

from insure_cli import exits, project

SECONDS_BETWEEN_TRIES = 0.5


@click.group()
def db() -> None:
    """Migrations and rights, as the owner.

    Connects with DATABASE_MIGRATION_URL.
    """


@db.command()
def migrate() -> None:
    """Apply the migrations that are pending."""
    project.set_up_as_owner()
    apply_migrations(verbosity=1)


@db.command()
def grant() -> None:
    """Give the application its rights.

    The role of DATABASE_URL gets what the application needs and no more. Run it after every migration.
    """
    role = project.set_up_as_owner()
    if role is None:
        exits.end(exits.NOT_ALLOWED, "DATABASE_MIGRATION_URL must name the owner, another role than DATABASE_URL.")
    grant_rights(role)
    click.echo(f"{role} can use the application's tables.")


def apply_migrations(*, verbosity: int) -> None:
    """Apply what is pending, one process at a time; who comes while another one is at it finds nothing left to do."""
    from django.core.management import call_command
    from django.db import connection

    from insure_common.database import session_lock

    with connection.cursor() as cursor:
        # The time-out of requests is no measure for building an index.
        cursor.execute("SET statement_timeout = 0")
    while True:
        with session_lock("insure_cli.migrate") as is_ours:
            if is_ours:
                call_command("migrate", interactive=False, verbosity=verbosity)
                return
        # Not inside of PostgreSQL: an index that is built concurrently waits for every statement that waits there.
        time.sleep(SECONDS_BETWEEN_TRIES)


def grant_rights(role: str) -> None:
    from django.db import connection, transaction

    from insure_common.database import grant_application_role

    with transaction.atomic():
        grant_application_role(connection, role=role)
