"""The doctor: is this installation as it must be, and if not, what to do."""

import os
from collections.abc import Iterator

import click

from insure_cli import exits, project
from insure_cli.doctor import database, environment, outside, work
from insure_cli.doctor.findings import Check, Finding, Status
from insure_cli.doctor.report import as_json, show_group, show_summary

GROUPS: dict[str, tuple[Check, ...]] = {
    "Settings": (environment.check_settings,),
    "Database": (database.check_database,),
    "Redis": (work.check_redis,),
    "Work": (work.check_processes, work.check_backlog),
    "Surroundings": (
        outside.check_web,
        outside.check_metrics,
        outside.check_mail,
        outside.check_files,
        outside.check_providers,
    ),
}


@click.command()
@click.option("--json", "is_json", is_flag=True, help="For programs.")
def doctor(*, is_json: bool) -> None:
    """Check this installation and say how to mend what is wrong.

    Changes nothing. Exit 1 if something is wrong, 3 if something cannot be reached.
    """
    findings: dict[str, list[Finding]] = {}
    for title, group in _examine():
        findings[title] = group
        if not is_json:
            show_group(title, group)
    if is_json:
        click.echo(as_json(findings))
    else:
        show_summary(findings)
    statuses = {finding.status for group in findings.values() for finding in group}
    if Status.UNREACHABLE in statuses:
        raise SystemExit(exits.NOT_REACHABLE)
    if Status.WRONG in statuses:
        raise SystemExit(exits.FOUND_WRONG)


def _examine() -> Iterator[tuple[str, list[Finding]]]:
    """The findings by group; without a complete environment, or without the database, what needs it is left out."""
    variables = list(environment.check_variables(os.environ))
    yield "Environment", variables
    if any(finding.status is Status.WRONG for finding in variables):
        return
    project.set_up()
    has_database = True
    for title, checks in GROUPS.items():
        if title == "Work" and not has_database:
            continue
        group = [finding for check in checks for finding in _findings(check)]
        if title == "Database":
            has_database = group[0].status is Status.FINE
        yield title, group


def _findings(check: Check) -> Iterator[Finding]:
    """What a check finds. That it cannot read the database, because something was forgotten there, is a finding too."""
    from django.db import Error

    try:
        yield from check()
    except Error as error:
        yield Finding("tables", Status.WRONG, str(error).partition("\n")[0], database.MIGRATE)
