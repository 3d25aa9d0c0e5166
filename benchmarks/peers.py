"""A peer doing its own kind of the work that is measured, in a process and a database of its own.

`python peers.py NAME` with DATABASE_URL: prints a line when it is ready; then, for each number on standard input, does
the work that many times and prints the seconds.

hordak    django-hordak, `transfer_to`: a transaction and two legs, balanced by a trigger; keeps no running balance
ledger    django-ledger, `commit_txs`: a posted journal entry of two; keeps no running balance
djstripe  dj-stripe's webhook view: signature checked, event stored; no handler, so nothing is fetched
"""

import hashlib
import hmac
import io
import json
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from decimal import Decimal
from os import environ
from typing import Any
from urllib.parse import urlsplit

warnings.simplefilter("ignore")

import django
import psycopg
from django.conf import settings

NAME = sys.argv[1]
SERVER = urlsplit(environ["DATABASE_URL"])
ENDPOINT = "6b9a3c9e-5b0e-4f0e-9d55-0f2d5a1f0001"
SECRET = "whsec_" + "b" * 20
AMOUNT = Decimal("12.34")
APPS = {
    "hordak": ["mptt", "djmoney", "hordak"],
    "ledger": ["django_ledger"],
    "djstripe": ["djstripe"],
}

with psycopg.connect(environ["DATABASE_URL"], autocommit=True) as server:
    server.execute(f"DROP DATABASE IF EXISTS bench_{NAME} WITH (FORCE)")
    server.execute(f"CREATE DATABASE bench_{NAME}")

settings.configure(
    SECRET_KEY="only-for-the-benchmark-" + "s" * 40,
    USE_TZ=True,
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=[],
    LOGGING_CONFIG=None,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        *("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"),
        *APPS[NAME],
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": f"bench_{NAME}",
            "HOST": SERVER.hostname,
            "PORT": SERVER.port,
            "USER": SERVER.username,
            "PASSWORD": SERVER.password,
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_CURRENCY="USD",
    CURRENCIES=["USD"],
    HORDAK_INTERNAL_CURRENCY="USD",
    STRIPE_TEST_SECRET_KEY="sk_test_" + "a" * 24,
    STRIPE_LIVE_MODE=False,
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
)
urlpatterns: list[Any] = []
django.setup()

from django.core.management import call_command
from django.db import transaction
from django.urls import include, path

call_command("migrate", verbosity=0)


def hordak() -> Callable[[], None]:
    from hordak.models import Account
    from moneyed import Money

    bank = Account.objects.create(name="bank", code="1", type="AS", currencies=["USD"])
    premium = Account.objects.create(name="premium", code="2", type="IN", currencies=["USD"])

    def post() -> None:
        with transaction.atomic():
            premium.transfer_to(bank, Money(AMOUNT, "USD"))

    return post


def ledger() -> Callable[[], None]:
    from django.contrib.auth import get_user_model
    from django_ledger.io.io_core import get_localtime
    from django_ledger.models import EntityModel

    owner = get_user_model().objects.create_user("owner")
    entity = EntityModel.create_entity(name="Insurer", use_accrual_method=True, fy_start_month=1, admin=owner)
    entity.create_chart_of_accounts(assign_as_default=True, commit=True, coa_name="chart")
    entity.populate_default_coa(activate_accounts=True)
    book = entity.create_ledger(name="book", posted=True)
    cash = entity.get_default_coa_accounts().filter(role="asset_ca_cash").first()
    income = entity.get_default_coa_accounts().filter(role="in_operational").first()

    def post() -> None:
        entity.commit_txs(
            je_timestamp=get_localtime(),
            je_posted=True,
            je_ledger_model=book,
            je_desc="premium",
            je_origin="bench",
            je_txs=[
                {"account": cash, "amount": AMOUNT, "tx_type": "debit", "description": "debit"},
                {"account": income, "amount": AMOUNT, "tx_type": "credit", "description": "credit"},
            ],
        )

    return post


def djstripe() -> Callable[[], None]:
    from django.core.handlers.wsgi import WSGIHandler
    from djstripe.models import Account, APIKey, WebhookEndpoint

    urlpatterns.append(path("stripe/", include("djstripe.urls", namespace="djstripe")))
    owner = Account.objects.create(id="acct_bench", livemode=False, stripe_data={"id": "acct_bench"})
    APIKey.objects.create(
        id="key", type="secret", secret=settings.STRIPE_TEST_SECRET_KEY, livemode=False, djstripe_owner_account=owner
    )
    WebhookEndpoint.objects.create(
        id="we_bench",
        livemode=False,
        url="http://127.0.0.1/",
        secret=SECRET,
        enabled_events=["*"],
        status="enabled",
        api_version="2024-06-20",
        djstripe_uuid=ENDPOINT,
        djstripe_owner_account=owner,
        stripe_data={"id": "we_bench"},
    )
    handler = WSGIHandler()

    def receive() -> None:
        body, now = stripe_event(), int(time.time())
        signature = hmac.new(SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
        environment = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": f"/stripe/webhook/{ENDPOINT}/",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_STRIPE_SIGNATURE": f"t={now},v1={signature}",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }
        response = handler(environment, lambda *_: None)
        assert response.status_code == 200, response.content
        response.close()

    return receive


def stripe_event() -> bytes:
    number = uuid.uuid4().hex
    thing = {"object": "balance", "id": f"pay_{number}", "metadata": {f"key_{n}": "v" * 50 for n in range(12)}}
    event = {
        "id": f"evt_{number}",
        "object": "event",
        "api_version": "2024-06-20",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "type": "balance.available",
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": thing},
    }
    return json.dumps(event).encode()


def main() -> None:
    work = {"hordak": hordak, "ledger": ledger, "djstripe": djstripe}[NAME]()
    for _ in range(10):
        work()
    print("ready", flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        for _ in range(int(line)):
            work()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
