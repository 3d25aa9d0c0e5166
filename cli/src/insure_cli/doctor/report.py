"""The findings, for a terminal and for programs."""

import json
import shutil
import textwrap
from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest

import click

from insure_cli.doctor.findings import Finding, Status

MARKS = {
    Status.FINE: click.style("✓", fg="green"),
    Status.WARNING: click.style("!", fg="yellow", bold=True),
    Status.WRONG: click.style("✗", fg="red", bold=True),
    Status.UNREACHABLE: click.style("✗", fg="red", bold=True),
}
WIDEST = 110

Findings = Mapping[str, list[Finding]]


def show_group(title: str, findings: list[Finding]) -> None:
    names = max(16, *(len(finding.name) for finding in findings)) + 2
    indent = " " * (4 + names)
    width = min(shutil.get_terminal_size().columns, WIDEST) - len(indent)
    click.echo(f"\n  {click.style(title, bold=True)}")
    for finding, after in zip_longest(findings, findings[1:]):
        first, *rest = textwrap.wrap(_printable(finding.detail), width) or [""]
        click.echo(f"  {MARKS[finding.status]} {finding.name:<{names}}{first}")
        for line in rest:
            click.echo(indent + line)
        # What mends several in a row is said once.
        if after is None or after.mend != finding.mend:
            for number, line in enumerate(textwrap.wrap(finding.mend, width - 2, break_on_hyphens=False)):
                click.echo(indent + click.style(f"{'→' if number == 0 else ' '} {line}", fg="cyan"))


def show_summary(findings: Findings) -> None:
    counts = Counter(finding.status for group in findings.values() for finding in group)
    problems = [f"{counts[status]} {status}" for status in Status if status is not Status.FINE and counts[status]]
    if problems:
        color = "yellow" if set(counts) <= {Status.FINE, Status.WARNING} else "red"
        text = click.style(", ".join(problems), fg=color, bold=True) + f"; {counts[Status.FINE]} fine."
    else:
        text = click.style(f"All {counts[Status.FINE]} checks are fine.", fg="green", bold=True)
    click.echo(f"\n  {text}\n")


def as_json(findings: Findings) -> str:
    rows = [
        {"group": title, "name": one.name, "status": one.status, "detail": one.detail, "mend": one.mend}
        for title, group in findings.items()
        for one in group
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _printable(text: str) -> str:
    """Other systems' messages are shown too: nothing in them may steer the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
