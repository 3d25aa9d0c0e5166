"""Brings the stack's database up to date: `python -m insure_cli.stack.prepare`, with the stack's environment."""

from dataclasses import asdict

from django.core.management import call_command

from insure_cli import project
from insure_cli.commands.database import apply_migrations, grant_rights
from insure_cli.stack.environment import read_secrets
from insure_cli.stack.home import Home
from insure_cli.stack.people import PEOPLE

FOREIGN_DATABASE = (
    "This database was made by a stack in another folder, which has its keys and passwords: "
    "use that folder (INSURE_HOME) or an empty database."
)
FIRST_SYNCS = ("casse.policies", "casse.charges")


def main() -> None:
    role = project.set_up_as_owner()
    apply_migrations(verbosity=1)
    if role is not None:
        grant_rights(role)
    call_command("collectstatic", interactive=False, verbosity=0)
    make_accounts()
    request_syncs()


def make_accounts() -> None:
    from insure_users.public import ensure_account

    accounts = read_secrets(Home.from_environment())["accounts"]
    for role, person in PEOPLE.items():
        password = accounts[role]["password"]
        if not ensure_account(**asdict(person), role=role, password=password).check_password(password):
            raise SystemExit(FOREIGN_DATABASE)


def request_syncs() -> None:
    from insure_integrations.public import request_sync

    for job in FIRST_SYNCS:
        request_sync(job=job)


if __name__ == "__main__":
    main()
