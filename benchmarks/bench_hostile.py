"""Malformed input: the slowest answers of the walk over every call that the composed suite makes.

Views are called in this process, through all middlewares. Every request is repeated; its figure is the median.
"""

import logging
import os
import re
import statistics
import sys
import time
from pathlib import Path
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
os.environ |= {"DJANGO_SETTINGS_MODULE": "composed_settings", "LOG_LEVEL": "ERROR"}

import django

django.setup()

from django.core.management import call_command
from django.test import Client
from hostile import API_CALLS, BODIES, IDS, QUERIES

from insure_users.enums import Role
from insure_users.testing.factories import make_user
from insure_users.testing.sign_in import sign_in

REPEATS = 3
SHOWN = 5


def main() -> None:
    call_command("migrate", verbosity=0)
    logging.disable()
    number = str(time.time_ns())[-12:-3]
    admin = make_user(role=Role.ADMIN, email_primary=f"hostile.{number}@example.com", id_number=f"3{number}")
    headers = {"Authorization": f"Bearer {sign_in(admin)}", "Idempotency-Key": "k"}
    client = Client(headers=headers, raise_request_exception=False)

    def milliseconds(call: str, *, body: bytes = b"{}", query: str = "", identifier: str = "") -> float:
        method, route = call.split(" ")
        path = "/api/v1/" + re.sub(r"<\w+:\w+>", lambda _: identifier or str(uuid4()), route)
        figures = []
        for _ in range(REPEATS):
            started = time.perf_counter()
            client.generic(method, f"{path}?{query}", body, "application/json")
            figures.append((time.perf_counter() - started) * 1000)
        return statistics.median(figures)

    found = [
        *(
            (milliseconds(call, body=body), f"{call}, body: {name}")
            for call in API_CALLS
            for name, body in BODIES.items()
        ),
        *((milliseconds(call, query=query), f"{call}, query: {query[:40]}") for call in API_CALLS for query in QUERIES),
        *(
            (milliseconds(call, identifier=one), f"{call}, id: {one[:40]}")
            for call in API_CALLS
            if "<" in call
            for one in IDS
        ),
    ]
    found.sort(reverse=True)
    print(
        f"{len(found)} malformed requests, median {statistics.median(value for value, _ in found):.1f} ms; the slowest:"
    )
    for value, what in found[:SHOWN]:
        print(f"{value:9.1f} ms   {what}")


if __name__ == "__main__":
    main()
