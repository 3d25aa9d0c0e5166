"""The local stack: up, down, status, reset, env."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Any

import click

from insure_cli import exits
from insure_cli.stack.home import AlreadyRunning, Home
from insure_cli.stack.services import APPLICATIONS
from insure_cli.stack.supervisor import StackFailed, StopRequested
from insure_cli.stack.up import PortTaken, Wishes, running_stack

STOP_TIMEOUT = 40.0


@click.command()
@click.option("--only", multiple=True, type=click.Choice(APPLICATIONS), help="Run this one of the four; repeatable.")
@click.option("--detach", is_flag=True, help="Return when everything is up, and leave it running.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the web server.")
@click.option("--policies", type=click.IntRange(1), default=60, show_default=True, help="Size of CASSE's portfolio.")
@click.option("--outlives-parent", is_flag=True, hidden=True)
def up(*, detach: bool, outlives_parent: bool, only: tuple[str, ...], port: int | None, policies: int) -> None:
    """Start everything on this machine, until Ctrl-C.

    Each part gives way to one in the environment: DATABASE_URL, REDIS_URL, WOMPI_BASE_URL, PSE_BASE_URL,
    CASSE_BASE_URL, EMAIL_HOST.
    """
    home = Home.from_environment()
    wishes = Wishes(only=only or APPLICATIONS, port=port, policies=policies)
    try:
        if detach:
            _start_detached(home, wishes)
            return
        with running_stack(home, wishes, tell=tell, ends_with_parent=not outlives_parent) as stack:
            click.echo(f"\n  Everything is up until Ctrl-C. API documentation: {stack.web}/api/v1/docs/\n")
            stack.supervisor.watch()
    except AlreadyRunning:
        show_status(home)
    except PortTaken as error:
        exits.end(exits.FOUND_WRONG, str(error))
    except StackFailed as error:
        exits.end(exits.NOT_REACHABLE, str(error))
    except StopRequested:
        click.echo("Everything has ended.")


def tell(name: str, what: str) -> None:
    click.echo(f"  {name:<9} {what}")


def _start_detached(home: Home, wishes: Wishes) -> None:
    if home.holder():
        raise AlreadyRunning
    options = [part for name in wishes.only for part in ("--only", name)] + ["--policies", str(wishes.policies)]
    options += ["--port", str(wishes.port)] if wishes.port else []
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = home.log("up")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "insure_cli", "up", "--outlives-parent", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with log.open() as progress:
            while home.read_state() is None and process.poll() is None:
                click.echo(progress.read(), nl=False)
                time.sleep(0.1)
            click.echo(progress.read(), nl=False)
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
    if process.poll() is not None:
        raise SystemExit(process.returncode)


@click.command()
def down() -> None:
    """Stop what `insure up` started."""
    home = Home.from_environment()
    click.echo("Everything has ended." if stop(home) else "Nothing is running.")


def stop(home: Home) -> bool:
    """Ask the stack that runs here to end and wait for it; False if none does."""
    holder = home.holder()
    if holder is None:
        return False
    os.kill(holder, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    while home.holder() == holder:
        if time.monotonic() > deadline:
            exits.end(exits.FOUND_WRONG, f"Process {holder} has not ended after {STOP_TIMEOUT:.0f} s.")
        time.sleep(0.1)
    return True


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print .insure/stack.json.")
def status(*, as_json: bool) -> None:
    """Show what runs here and where."""
    home = Home.from_environment()
    if not as_json:
        show_status(home)
        return
    click.echo(json.dumps(_state(home), indent=2))


def show_status(home: Home) -> None:
    holder = home.holder()
    state = home.read_state()
    if holder and state is None:
        click.echo(f"Starting, as process {holder}.")
        return
    state = _state(home)
    for name, pid in state["pids"].items():
        tell(name, f"{'running' if _is_running(pid) else 'ended':<9}{pid:<9}{state.get(name) or ''}".rstrip())


def _state(home: Home) -> dict[str, Any]:
    state = home.read_state()
    if state is None:
        exits.end(exits.NOT_REACHABLE, "Nothing is running here; start it with `insure up`.")
    return state


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@click.command()
def reset() -> None:
    """Stop everything and delete its data, keys and accounts."""
    home = Home.from_environment()
    stop(home)
    home.delete()
    click.echo("Data, keys and accounts are deleted.")


@click.command()
def env() -> None:
    """Print the stack's variables as exports.

    To let another command join: eval "$(insure env)"
    """
    for name, value in _state(Home.from_environment())["env"].items():
        click.echo(f"export {name}={shlex.quote(value)}")
