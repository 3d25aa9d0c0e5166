"""Put one package into a new Django project, with nothing but what its README says: `python adopt.py insure_audit`.

Runs where the package's wheel is installed alone. The project has a user model of its own with integer keys, except for
insure_users, which brings one. DATABASE_URL names a PostgreSQL server on which a database may be made.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command

README = "packages/{}/README.md"
ROOT = Path(__file__).parents[1]

REQUESTS = {
    "insure_common": ("/nowhere", 404),
    "insure_audit": ("/api/v1/admin/audit-events/", 200),
    "insure_users": ("/api/v1/auth/terms/", 200),
    "insure_integrations": ("/api/v1/notifications/", 200),
    "insure_payments": ("/api/v1/account/", 200),
    "insure_policies": ("/api/v1/policies/", 200),
}

CUSTOMER = """
from django.contrib.auth.models import AbstractUser


class Customer(AbstractUser):
    pass
"""

PROJECT = """
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "NAME": {name!r},
        "USER": {url.username!r},
        "PASSWORD": {url.password!r},
        "HOST": {url.hostname!r},
        "PORT": {url.port!r},
    }}
}}
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS += ["people"]
AUTH_USER_MODEL = "people.Customer"
"""

# What another project may have decided otherwise must not change a table.
OTHERWISE = """
from shop.settings import *

DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = False
USE_I18N = False
LANGUAGE_CODE = "fr"
TIME_ZONE = "Asia/Tokyo"
"""

WALK = """
import importlib
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

call_command("makemigrations", "people", verbosity=0)
importlib.invalidate_caches()
call_command("migrate", verbosity=0)
call_command("check", fail_level="WARNING")
call_command("makemigrations", check=True, dry_run=True)

client = Client(SERVER_NAME="127.0.0.1")
if get_user_model().__name__ == "Customer":
    client.force_login(get_user_model().objects.create_superuser("ana", password="x"))
answer = client.get({path!r})
assert answer.status_code == {status}, (answer.status_code, answer.content)
assert isinstance(answer.json(), dict)
assert answer["X-Correlation-ID"]

# The rest of the README's examples belongs to imagined projects, but what they import of ours must be there.
{imports}
"""


def main(package: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / README.format(package)).read_text(), re.DOTALL)
    settings, _, urls = blocks[0].partition("# urls.py")
    if not settings.startswith("# settings.py"):
        raise SystemExit("The first block of the README does not begin with `# settings.py`.")
    examples = [node for block in blocks[1:] for node in ast.parse(block).body if isinstance(node, ast.ImportFrom)]
    imports = [ast.unparse(node) for node in examples if str(node.module).startswith("insure_")]
    path, status = REQUESTS[package]
    name = f"adopts_{package}"
    with tempfile.TemporaryDirectory() as folder, database(name):
        project = Path(folder)
        make_project(project, name, settings, urls)
        run(project, "shell", "--no-imports", "-c", WALK.format(path=path, status=status, imports="\n".join(imports)))
        ours = re.findall(r'"(insure_\w+)"[,\]]', settings)
        run(project, "makemigrations", *ours, "--check", "--dry-run", DJANGO_SETTINGS_MODULE="shop.otherwise")


@contextmanager
def database(name: str) -> Iterator[None]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def make_project(project: Path, name: str, settings: str, urls: str) -> None:
    call_command("startproject", "shop", str(project))
    (project / "people").mkdir()
    (project / "people/__init__.py").touch()
    (project / "people/models.py").write_text(CUSTOMER)
    append(project / "shop/settings.py", PROJECT.format(name=name, url=urlsplit(os.environ["DATABASE_URL"])) + settings)
    append(project / "shop/urls.py", urls)
    (project / "shop/otherwise.py").write_text(OTHERWISE)


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def run(project: Path, *arguments: str, **variables: str) -> None:
    secrets = {name: b64encode(name.encode().ljust(32, b"-")).decode() for name in ("SEAL_KEY", "JWT_KEY")}
    environment = {
        **os.environ,
        **secrets,
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "ANCHOR_DIR": str(project / "anchors"),
        "OTP_PEPPER": "p" * 40,
        "WOMPI_PUBLIC_KEY": "pub_test_" + "x" * 32,
        "WOMPI_PRIVATE_KEY": "prv_test_" + "x" * 32,
        "WOMPI_EVENTS_SECRET": "test_events_" + "x" * 32,
        "WOMPI_INTEGRITY_SECRET": "test_integrity_" + "x" * 32,
        "CASSE_CLIENT_ID": "shop",
        "CASSE_CLIENT_SECRET": "c" * 40,
        **variables,
    }
    command = [sys.executable, "manage.py", *arguments]
    subprocess.run(command, cwd=project, env=environment, check=True)  # noqa: S603 our own arguments


if __name__ == "__main__":
    main(sys.argv[1])
