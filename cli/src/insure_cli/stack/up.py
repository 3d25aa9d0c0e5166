"""Starting the stack, and the file that tells others about it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from insure_cli.stack import database, services
from insure_cli.stack.environment import PASSES_ON, Ports, environment, is_given, read_secrets
from insure_cli.stack.home import Home, write_json
from insure_cli.stack.supervisor import Running, StackFailed, Supervisor, take_signals
from insure_common.testing import servers

USUAL_PORTS = {"web": 8000, "sandbox": 8800, "smtp": 2525, "postgres": 0, "redis": 0}


class PortTaken(Exception):
    """The port that was asked for by name is in use."""


Tell = Callable[[str, str], None]
"""Hears (process, what happened to it)."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller of `insure up` asks for."""

    only: Sequence[str] = services.APPLICATIONS
    port: int | None = None
    """Of the web server; None is the usual one, or a free one."""
    policies: int = 60
    """Size of the portfolio in CASSE."""


@contextmanager
def running_stack(home: Home, wishes: Wishes, *, tell: Tell, ends_with_parent: bool = True) -> Iterator["Stack"]:
    """The stack for the time of a block; whatever ends the block ends every process.

    Raises AlreadyRunning, PortTaken, StackFailed, and StopRequested when somebody asks for the end.
    """
    with home.locked():
        take_signals(ends_with_parent=ends_with_parent)
        stack = Stack(home, wishes, tell=tell)
        try:
            stack.start()
            yield stack
        finally:
            stack.supervisor.stop()


def choose_ports(web: int | None) -> Ports:
    """The usual ports or, where they are taken, free ones. Raises PortTaken if `web` is."""
    wanted = USUAL_PORTS | ({"web": web} if web else {})
    ports = Ports(**dict(zip(wanted, servers.choose_ports(*wanted.values()), strict=True)))
    if web and ports.web != web:
        raise PortTaken(f"Port {web} is in use; ask for another with --port, or leave it out to get a free one.")
    return ports


class Stack:
    """One start of the stack in a folder whose lock we hold."""

    def __init__(self, home: Home, wishes: Wishes, *, tell: Tell) -> None:
        self._home, self._wishes, self._tell = home, wishes, tell
        self._ports = choose_ports(wishes.port)
        self._secrets = read_secrets(home)
        self._variables = environment(home, self._ports, self._secrets["variables"])
        self.supervisor = Supervisor(home, on_change=self._changed)

    def start(self) -> None:
        """Raises StackFailed, naming the log to read."""
        self.supervisor.set_environment(self._variables)
        try:
            self._start_servers()
        except ModuleNotFoundError as error:
            raise StackFailed(f'{error}: pip install "insure-cli[local]"') from error
        try:
            self._find_databases()
        except psycopg.Error as error:
            raise StackFailed(f"The database cannot be used: {error}") from error
        self.supervisor.set_environment(self._variables)
        self._prepare()
        every = services.applications(self._home, self._ports, self._variables)
        self.supervisor.start([one for one in every if one.name in self._wishes.only], on_ready=self._ready)
        self._write_state()

    def _start_servers(self) -> None:
        home, wanted = self._home, []
        if not is_given("DATABASE_URL"):
            if not home.postgres.exists():
                self._create_cluster()
            wanted.append(services.postgres(home, self._ports))
        if not is_given("REDIS_URL"):
            wanted.append(services.redis(home, self._ports))
        if not all(map(is_given, PASSES_ON)):
            wanted.append(services.sandbox(self._home, self._ports, policies=self._wishes.policies))
        self.supervisor.start(wanted, on_ready=self._ready)

    def _create_cluster(self) -> None:
        password = self._secrets["database_owner"]
        with self._home.log("postgres").open("ab") as log:
            try:
                servers.create_cluster(
                    self._home.postgres, user=database.OWNER, password=password, stdout=log, stderr=log
                )
            except servers.StartFailed as error:
                raise self.supervisor.failure("postgres", str(error)) from error

    def _find_databases(self) -> None:
        variables = self._variables
        if is_given("DATABASE_URL") and is_given("DATABASE_MIGRATION_URL"):
            return
        if not is_given("DATABASE_URL"):
            login = f"{database.OWNER}:{self._secrets['database_owner']}"
            server = f"postgres://{login}@{servers.LOOPBACK}:{self._ports.postgres}/postgres"
            variables["DATABASE_URL"] = database.create_database(server)
        owner_url = variables["DATABASE_MIGRATION_URL"] = variables["DATABASE_URL"]
        application_url = database.create_application_role(
            owner_url, role=self._secrets["database_role"], password=self._secrets["database_application"]
        )
        if application_url is None:
            self._tell("database", "one role for everything: that of DATABASE_URL may not create another")
        else:
            variables["DATABASE_URL"] = application_url

    def _prepare(self) -> None:
        started = time.monotonic()
        self.supervisor.run("prepare", [*services.PYTHON, "insure_cli.stack.prepare"])
        self._tell("database", f"ready after {time.monotonic() - started:.1f} s  migrations, rights, accounts")

    def _ready(self, running: Running) -> None:
        self._tell(running.service.name, f"ready after {running.ready_after:.1f} s  {running.service.shown}".rstrip())

    def _changed(self, name: str, what: str) -> None:
        self._tell(name, what)
        self._write_state()

    def _write_state(self) -> None:
        write_json(self._home.state, self._state())

    @property
    def web(self) -> str:
        return f"http://{servers.LOOPBACK}:{self._ports.web}"

    def _state(self) -> dict[str, Any]:
        variables, running = self._variables, self.supervisor.running
        return {
            "web": self.web,
            "sandbox": f"http://{servers.LOOPBACK}:{self._ports.sandbox}" if "sandbox" in running else None,
            "smtp": f"{variables['EMAIL_HOST']}:{variables['EMAIL_PORT']}",
            "database": variables["DATABASE_URL"],
            "database_migration": variables["DATABASE_MIGRATION_URL"],
            "redis": variables["REDIS_URL"],
            "pids": {name: one.process.pid for name, one in running.items()},
            "logs": {name: str(self._home.log(name)) for name in running},
            "env": variables,
            "accounts": self._secrets["accounts"],
        }
