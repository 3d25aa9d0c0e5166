"""Readiness under load: what /readyz answers while the database dies, beside what is so at that moment."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.__main__ import run

if __name__ == "__main__":
    sys.exit(0 if run("readiness", seed=1, payments=40) else 1)
