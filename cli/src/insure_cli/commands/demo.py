"""The demo: the main path, walked over HTTP on the local stack."""

import sys
import time
from pathlib import Path
from typing import Any

import click

from insure_cli import exits
from insure_cli.commands.stack import tell
from insure_cli.demo.report import show_result, write_report
from insure_cli.demo.story import Story
from insure_cli.demo.walk import Unexpected, Walk
from insure_cli.stack.home import AlreadyRunning, Home
from insure_cli.stack.supervisor import StackFailed, StopRequested
from insure_cli.stack.up import Wishes, running_stack


@click.command()
@click.option("--exit", "ends", is_flag=True, help="End when the walk is done instead of staying up.")
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write all as JSON.")
def demo(*, ends: bool, report: Path | None) -> None:
    """Walk the main path as a phone would.

    Sign up, see a policy, pay its premium by PSE, and check everything that follows from it. Starts the local stack if
    none is running here; that one then stays up until Ctrl-C.
    """
    home = Home.from_environment()
    state = home.read_state()
    if state is not None:
        raise SystemExit(walk(home, state, report))
    code: int | None = None
    try:
        with running_stack(home, Wishes(), tell=tell) as stack:
            # In a process of its own, so that this one can go on looking after the others.
            options = ["--report", str(report)] if report else []
            walking = stack.supervisor.spawn([sys.executable, "-m", "insure_cli", "demo", *options])
            stack.supervisor.watch(until=walking)
            code = walking.returncode
            if code == 0 and not ends:
                click.echo("\n  Everything is up until Ctrl-C.\n")
                stack.supervisor.watch()
    except AlreadyRunning:
        exits.end(exits.NOT_ALLOWED, "A stack is starting here; try again when it is up.")
    except StackFailed as error:
        exits.end(exits.NOT_REACHABLE, str(error))
    except StopRequested:
        click.echo("Everything has ended.")
    raise SystemExit(exits.FOUND_WRONG if code is None else code)


def walk(home: Home, state: dict[str, Any], report: Path | None) -> int:
    """Walk on a running stack; how the command ends."""
    if "sandbox" not in state["pids"]:
        exits.end(exits.NOT_ALLOWED, "The demo needs the sandbox, which is not running here.")
    folder = home.path / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    steps, started, problem = Walk(), time.monotonic(), None
    story = Story(steps, state, folder)
    click.echo(click.style("\n  A client pays a premium\n", bold=True))
    try:
        story.tell()
    except Unexpected as error:
        problem = str(error)
    seconds = time.monotonic() - started
    if report:
        write_report(report, ok=problem is None, seconds=seconds, stack=state, walk=steps, story=story)
    if problem is not None:
        click.echo(click.style(f"\n{problem}", fg="red"), err=True)
        return exits.FOUND_WRONG
    show_result(seconds=seconds, stack=state, walk=steps, story=story)
    return 0
