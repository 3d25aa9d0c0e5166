"""Migrations from a terminal, on the running stack's server."""

import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest


@pytest.fixture
def fresh(running):
    """A database without a table, by its URL."""
    owner = running.state["database_migration"]
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute("CREATE DATABASE fresh")
        yield urlsplit(owner)._replace(path="/fresh").geturl()
        server.execute("DROP DATABASE fresh WITH (FORCE)")


def test_replicas_that_migrate_together_apply_each_migration_once(running, fresh):
    variables = {**running.environment, **running.state["env"], "DATABASE_MIGRATION_URL": fresh}
    command = [sys.executable, "-m", "insure_cli", "db", "migrate"]
    replicas = [
        subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [replica.communicate(timeout=240) for replica in replicas]
    assert [replica.returncode for replica in replicas] == [0, 0, 0], outputs
    idle = [out for out, _ in outputs if "No migrations to apply" in out]
    assert len(idle) == 2
    with psycopg.connect(fresh) as database:
        twice = "SELECT app, name FROM django_migrations GROUP BY 1, 2 HAVING count(*) > 1"
        assert database.execute(twice).fetchall() == []
