"""The doctor on the running stack: silent when all is well, and each fault is named with what mends it."""

import json

import psycopg
import pytest
import redis

NAMES = {
    *("variables", "environment", "settings"),
    *("connection", "application role", "owner role", "append-only", "grants", "migrations", "durability", "clock"),
    *("broker", "broker memory", "broker access"),
    *("relay", "worker", "beat", "outbox", "failed work", "audit trail"),
    *("web server", "metrics", "mail", "documents", "anchors", "static files", "WOMPI", "PSE", "CASSE"),
}
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def doctor(running):
    def examine(*without, **more):
        variables = {**running.state["env"], **dict.fromkeys(without, ""), **more}
        done = running.insure("doctor", "--json", **variables)
        assert "Traceback" not in done.stderr
        return done.returncode, {found["name"]: found for found in json.loads(done.stdout)}

    return examine


def problems(found):
    return {name: (one["status"], one["mend"]) for name, one in found.items() if one["status"] != "fine"}


def test_healthy_installation_is_fine(running, doctor):
    running.wait_until(lambda: doctor()[0] == 0)
    code, found = doctor()
    assert (code, problems(found)) == (0, {})
    assert set(found) == NAMES
    shown = running.insure("doctor", **running.state["env"])
    assert (shown.returncode, f"All {len(NAMES)} checks are fine." in shown.stdout) == (0, True)


def test_each_wrong_variable_is_named_with_how_to_make_one(doctor):
    code, found = doctor("SECRET_KEY", OTP_PEPPER="guessable", JWT_KEYS="a=b", CASSE_CLIENT_ID="change-me")
    assert code == 1
    assert {name: status for name, (status, _) in problems(found).items()} == dict.fromkeys(
        ("SECRET_KEY", "OTP_PEPPER", "JWT_KEYS", "CASSE_CLIENT_ID"), "wrong"
    )
    assert "openssl rand" in found["SECRET_KEY"]["mend"]
    assert found["JWT_KEYS"]["mend"].count("$(openssl rand -base64 32)") == 1
    assert "guessable" not in json.dumps(found)


def test_one_secret_for_two_purposes_is_named(running, doctor):
    code, found = doctor(OTP_PEPPER=running.state["env"]["SECRET_KEY"])
    assert (code, found["OTP_PEPPER"]["detail"]) == (1, "must differ from SECRET_KEY")


def test_what_cannot_be_reached_ends_with_3_and_names_the_variable(running, doctor):
    code, found = doctor(
        "METRICS_TOKEN",
        REDIS_URL=f"redis://{NOWHERE}/0",
        CACHE_URL=f"redis://{NOWHERE}/1",
        EMAIL_PORT="1",
        CASSE_BASE_URL=f"http://{NOWHERE}/casse",
        PUBLIC_BASE_URL=f"http://{NOWHERE}",
        MEDIA_DIR="/proc/media",
        DATABASE_MIGRATION_URL=f"postgres://owner:x@{NOWHERE}/none",
    )
    assert code == 3
    statuses = {name: status for name, (status, _) in problems(found).items()}
    assert statuses == {
        **dict.fromkeys(("broker", "cache", "mail", "CASSE", "owner role"), "unreachable"),
        **dict.fromkeys(("web server", "metrics", "static files"), "warning"),
        "documents": "wrong",
    }
    named = {"broker": "REDIS_URL", "cache": "CACHE_URL", "mail": "EMAIL_PORT", "CASSE": "CASSE_BASE_URL"}
    assert all(variable in found[name]["mend"] for name, variable in named.items())


def test_without_the_database_the_rest_is_examined(doctor):
    code, found = doctor(DATABASE_URL=f"postgres://nobody:canary@{NOWHERE}/none")
    assert code == 3
    assert set(problems(found)) == {"connection"}
    assert "canary" not in json.dumps(found)
    assert "mail" in found
    assert "relay" not in found


def test_database_without_tables_is_named_with_what_makes_them(running, doctor):
    owner = running.state["database_migration"]
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
    try:
        empty = {
            name: f"{url.rpartition('/')[0]}/empty"
            for name, url in (("DATABASE_URL", running.state["env"]["DATABASE_URL"]), ("DATABASE_MIGRATION_URL", owner))
        }
        code, found = doctor(**empty)
    finally:
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("DROP DATABASE empty WITH (FORCE)")
    assert (code, found["tables"]["status"]) == (1, "wrong")
    assert found["tables"]["mend"] == found["migrations"]["mend"] == "insure db migrate && insure db grant"


def test_one_role_for_everything_is_said(running, doctor):
    state = running.state
    code, found = doctor(DATABASE_URL=state["database_migration"])
    assert (code, found["application role"]["status"]) == (1, "wrong")
    assert "superuser" in found["application role"]["detail"]
    code, found = doctor("DATABASE_MIGRATION_URL")
    assert (code, found["application role"]["status"]) == (0, "warning")
    assert "only triggers protect" in found["application role"]["detail"]


@pytest.fixture
def damaged(running):
    """The running stack with something wrong in every corner, put right again afterwards."""
    state = running.state
    role = psycopg.conninfo.conninfo_to_dict(state["database"])["user"]
    damage = [
        "CREATE TABLE kept_migrations AS SELECT * FROM django_migrations WHERE app = 'insure_policies'",
        f"GRANT UPDATE ON insure_audit_event TO {role}",
        f"REVOKE INSERT ON insure_payments_receipt FROM {role}",
        "DELETE FROM django_migrations WHERE app = 'insure_policies'",
    ]
    repair = [
        f"REVOKE UPDATE ON insure_audit_event FROM {role}",
        f"GRANT INSERT ON insure_payments_receipt TO {role}",
        "INSERT INTO django_migrations (app, name, applied) SELECT app, name, applied FROM kept_migrations",
        "DROP TABLE kept_migrations",
    ]
    broker = redis.Redis.from_url(state["redis"])
    with psycopg.connect(state["database_migration"], autocommit=True) as database:
        for statement in damage:
            database.execute(statement)
        broker.config_set("maxmemory-policy", "allkeys-lru")
        yield
        broker.config_set("maxmemory-policy", "noeviction")
        for statement in repair:
            database.execute(statement)


@pytest.mark.usefixtures("damaged")
def test_every_fault_is_found_with_what_mends_it(doctor):
    code, found = doctor()
    assert code == 1
    wrong = problems(found)
    assert "insure_audit_event" in found["append-only"]["detail"]
    assert "insure_payments_receipt" in found["grants"]["detail"]
    assert wrong["append-only"] == wrong["grants"] == ("wrong", "insure db grant")
    assert wrong["migrations"] == ("wrong", "insure db migrate && insure db grant")
    assert "noeviction" in wrong["broker memory"][1]
    assert wrong["web server"][0] == "wrong"
