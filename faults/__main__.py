"""Break the local stack while clients use it: python -m faults."""

import os
import secrets
import signal
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from faults.auditor import Auditor
from faults.injector import CALM, EXPERIMENTS, Injector
from faults.readers import Readers
from faults.readiness import ReadinessProbe
from faults.stack import running_stack

LOGS = Path(__file__).parents[1] / ".cache" / "faults"
CLIENTS_AT_ONCE = 125


@click.command()
@click.argument("experiment", type=click.Choice([*EXPERIMENTS, "all"]), default="main-path")
@click.option("--seed", type=click.IntRange(0), help="Repeats the choices of another run.")
@click.option("--payments", type=click.IntRange(1, 10_000), help="How many clients wish to make.")
def main(*, experiment: str, seed: int | None, payments: int | None) -> None:
    """Break the local stack while clients pay, then compare what they were told with the database."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    names = list(EXPERIMENTS) if experiment == "all" else [experiment]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        held = [run(name, seed=seed, payments=payments or EXPERIMENTS[name].payments) for name in names]
    except KeyboardInterrupt:
        # The stack has ended; phones that wait for it need not.
        os._exit(130)
    sys.exit(0 if all(held) else 1)


def run(name: str, *, seed: int, payments: int) -> bool:
    """Run one experiment and print what was found; True if nothing was."""
    experiment, logs, started, auditor = EXPERIMENTS[name], LOGS / f"{name}-{seed}", time.monotonic(), Auditor()
    click.echo(f"{name}: {experiment.what} (seed {seed}, {payments} payments)")
    with running_stack(logs=logs, environment=experiment.environment) as stack:
        pool = ThreadPoolExecutor(CLIENTS_AT_ONCE)
        crowd = experiment.crowd(stack, auditor, seed=seed, payments=payments)
        stack.control(experiment.sandbox)
        readers = Readers(stack, auditor, per_second=experiment.readers_per_second)
        with Injector(stack, experiment, seed=seed), readers, ReadinessProbe(stack, auditor):
            list(pool.map(lambda client: client.use(), crowd))
        stack.control(CALM)
        click.echo(f"  {time.strftime('%X')} now it may heal")
        list(pool.map(lambda client: client.come_back(), crowd))
        findings = [*auditor.wait_until_healed(stack), *auditor.findings(stack, never=experiment.never)]
    for finding in findings:
        click.echo(f"  WRONG {finding}")
    click.echo(f"  {'FAILED' if findings else 'held'} after {time.monotonic() - started:.0f} s")
    ends = Counter(wish.status or wish.refused or "nobody knows" for wish in auditor.wishes)
    click.echo(f"  wishes to pay: {_counts(ends)}")
    click.echo(
        f"  answers: {_counts(auditor.calls)}; the slowest after {auditor.slowest[0]:.1f} s: {auditor.slowest[1]}"
    )
    click.echo(f"  readiness: {_counts(auditor.readiness)}")
    if findings:
        click.echo(f"  Logs: {logs}")
        click.echo(f"  Again: nox -s faults -- {name} --seed {seed} --payments {payments}")
    return not findings


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in counter.most_common())


if __name__ == "__main__":
    main()
