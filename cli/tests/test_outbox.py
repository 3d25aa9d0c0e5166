"""The outbox from a terminal, on the running stack."""

import uuid

import psycopg
import pytest

FAILED_MESSAGE = """
    INSERT INTO insure_common_outboxmessage
      (id, task, payload, status, priority, due_at, attempts, created_at, finished_at, last_error)
    VALUES (%s, 'insure_users.tasks.purge_task', '{}', 'FAILED', 5, now(), 10, now(), now(), 'ValueError: no luck')
"""
REASON = ("--reason", "the mail server is back")


@pytest.fixture
def outbox(running):
    def run(*arguments, acting=""):
        by = ("--as", running.state["accounts"][acting]["email"]) if acting else ()
        return running.insure("outbox", *arguments, *by, **running.state["env"])

    return run


@pytest.fixture
def failed(running):
    """A message that has failed for good; gone afterwards, whatever became of it."""
    number = uuid.uuid4()
    with psycopg.connect(running.state["database_migration"], autocommit=True) as database:
        database.execute(FAILED_MESSAGE, [number])

        def status():
            (found,) = database.execute("SELECT status FROM insure_common_outboxmessage WHERE id = %s", [number])
            return found[0]

        yield status
        database.execute("DELETE FROM insure_common_outboxmessage WHERE id = %s", [number])


def test_failed_work_is_done_again_on_the_word_of_who_may(running, outbox, failed):
    assert outbox("status").returncode == 1
    for arguments, acting, says in (
        (("retry", *REASON), "SUPERVISOR", "permission"),
        (("retry", "--reason", " "), "ADMIN", "reason: A reason is required."),
        (("retry",), "ADMIN", "--reason"),
    ):
        refused = outbox(*arguments, acting=acting)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert says in refused.stderr
    assert failed() == "FAILED"
    done = outbox("retry", *REASON, "--task", "insure_users.tasks.purge_task", acting="ADMIN")
    assert (done.returncode, done.stdout) == (0, "1 message is due again.\n"), done.stderr
    running.wait_until(lambda: failed() == "DONE", seconds=30)
    with psycopg.connect(running.state["database_migration"]) as database:
        query = "SELECT metadata FROM insure_audit_event WHERE action = 'integrations.messages_retried'"
        assert [row[0] for row in database.execute(query)] == [{"messages": 1, "reason": REASON[1]}]


def test_drained_here_when_no_worker_is_there(outbox):
    done = outbox("drain")
    assert done.returncode == 0, done.stderr
    count, *_ = done.stdout.splitlines()
    assert count.endswith("taken up.")


def test_database_that_does_not_answer_ends_with_3(running):
    variables = {**running.state["env"], "DATABASE_URL": "postgres://nobody:x@127.0.0.1:1/none"}
    done = running.insure("outbox", "status", **variables)
    assert (done.returncode, done.stdout) == (3, "")
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr
