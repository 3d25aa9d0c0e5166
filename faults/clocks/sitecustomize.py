"""Gives the deployment's processes a clock that is wrong by up to FAULTS_CLOCK_SECONDS, another one at each start."""

import os
import random
import sys
from datetime import UTC, datetime, timedelta

import time_machine

LIMIT = float(os.environ.get("FAULTS_CLOCK_SECONDS", 0))

if LIMIT and {"gunicorn", "worker", "relay"} & {*sys.orig_argv}:
    wrong_by = random.choice((-1, 1)) * random.uniform(LIMIT / 2, LIMIT)  # noqa: S311 not secret
    time_machine.travel(datetime.now(UTC) + timedelta(seconds=wrong_by)).start()
