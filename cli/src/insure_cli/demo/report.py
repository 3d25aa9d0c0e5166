"""What a walk leaves: a table at the end, and all of it as JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from insure_cli.demo.story import EXPECTED, Story
from insure_cli.demo.walk import Walk

LABELS = {
    "ledger_balanced": "Ledger balanced",
    "audit_verified": "Audit trail verified",
    "receipts_after_three_events": "Receipts after three events",
    "entries_after_three_events": "Entries after three events",
    "forged_event_status": "Answer to a forged event",
    "forged_event_stored": "Forged events stored",
    "casse_told": "CASSE told",
    "receipt_mailed": "Receipt mailed",
    "policy_pdf": "Policy",
    "receipt_pdf": "Receipt",
    "statement_pdf": "Statement",
}


def write_report(path: Path, *, ok: bool, seconds: float, stack: Mapping[str, Any], walk: Walk, story: Story) -> None:
    report = {
        "ok": ok,
        "seconds": round(seconds, 1),
        "stack": {name: stack[name] for name in ("web", "sandbox", "database", "redis")},
        "steps": [asdict(step) for step in walk.steps],
        "checks": {name: story.checks.get(name) for name in EXPECTED},
        "files": story.files,
    }
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def show_result(*, seconds: float, stack: Mapping[str, Any], walk: Walk, story: Story) -> None:
    pages = {
        "API documentation": f"{stack['web']}/api/v1/docs/",
        "Back office": f"{stack['web']}/backoffice/",
        "Mail": f"{stack['sandbox']}/mail/",
    }
    click.echo()
    _show("Result", {LABELS[name]: _readable(story.checks[name]) for name in EXPECTED})
    _show("Files", {LABELS[name]: path for name, path in story.files.items()})
    _show("Pages", pages)
    click.echo(click.style(f"  {len(walk.steps)} steps in {seconds:.1f} s, all as they must be.", fg="green"))


def _show(title: str, rows: Mapping[str, str]) -> None:
    click.echo(click.style(f"  {title}", bold=True))
    for name, value in rows.items():
        click.echo(f"    {name:<30}{value}")
    click.echo()


def _readable(value: object) -> str:
    return "yes" if value is True else str(value)
