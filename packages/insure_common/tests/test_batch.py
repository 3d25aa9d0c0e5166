import pytest
from django.db import DatabaseError, IntegrityError, transaction

from insure_common import batch, outbox
from insure_common.database import read
from insure_common.models import IdempotencyKey, OutboxMessage

pytestmark = pytest.mark.django_db


def message(**fields):
    return OutboxMessage(task="project.consumers.note", payload={"text": "x"}, priority=5, **fields)


def stored():
    return list(OutboxMessage.objects.order_by("id"))


def test_rows_of_several_tables_are_one_statement(django_assert_num_queries):
    kept, gone = message(), message(dedupe_key="gone")
    batch.insert([kept, gone])
    added = [message(), message()]
    with transaction.atomic(), django_assert_num_queries(1), batch.together():
        kept.attempts = 3
        batch.update([kept], ["attempts"])
        batch.insert(added[:1])
        batch.insert(added[1:])
        batch.delete(OutboxMessage, dedupe_key="gone")
    assert stored() == [kept, *added]
    kept.refresh_from_db()
    assert kept.attempts == 3


def test_many_rows_take_their_own_values():
    rows = [message() for _ in range(batch.MOST_ROWS + 1)]
    batch.insert(rows)
    for number, row in enumerate(rows):
        row.attempts, row.dedupe_key, row.payload = number, str(number) if number % 2 else None, {"text": str(number)}
    batch.update(rows, ["attempts", "dedupe_key", "payload"])
    assert [(row.attempts, row.dedupe_key, row.payload) for row in stored()] == [
        (number, str(number) if number % 2 else None, {"text": str(number)}) for number in range(len(rows))
    ]


def test_text_too_long_for_its_column_is_refused_and_not_cut():
    rows = [message(), message()]
    batch.insert(rows)
    rows[0].dedupe_key = "x" * 5_000
    with pytest.raises(DatabaseError, match="too long"), transaction.atomic():
        batch.update(rows, ["dedupe_key"])


def test_values_are_those_at_the_end_of_the_block():
    row = message()
    with transaction.atomic(), batch.together():
        batch.insert([row])
        row.attempts = 7
        batch.update([row], ["attempts"])
    assert stored()[0].attempts == 7


def test_row_written_twice_by_different_objects_is_a_mistake():
    row = message()
    batch.insert([row])
    again = OutboxMessage.objects.get()
    with pytest.raises(RuntimeError, match="twice"), transaction.atomic(), batch.together():
        batch.update([row], ["attempts"])
        batch.update([again], ["attempts"])


def test_row_that_is_not_there_is_not_updated_silently():
    with pytest.raises(DatabaseError, match="does not exist"), transaction.atomic():
        batch.update([message()], ["attempts"])


def test_nothing_is_written_if_the_block_raises():
    with pytest.raises(ZeroDivisionError), transaction.atomic(), batch.together():
        batch.insert([message()])
        raise ZeroDivisionError
    assert stored() == []


def test_who_reads_what_waits_flushes_first():
    with transaction.atomic(), batch.together():
        batch.insert([message()])
        batch.flush(IdempotencyKey)
        assert stored() == []
        batch.flush(OutboxMessage)
        assert len(stored()) == 1
    assert len(stored()) == 1


@pytest.mark.django_db(transaction=True)
def test_block_without_a_transaction_is_a_mistake():
    with pytest.raises(transaction.TransactionManagementError), batch.together():
        pass


def test_row_that_conflicts_brings_nothing_with_it():
    first, second = message(dedupe_key="once"), message(dedupe_key="once")
    assert batch.insert_once(first, then=[message()])
    assert not batch.insert_once(second, then=[message()])
    assert len(stored()) == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        batch.insert([second])


def test_hot_statement_reads_what_the_orm_reads(django_assert_num_queries):
    outbox.enqueue("project.consumers.note", payload={"text": "ñ"})
    [by_orm] = stored()
    with django_assert_num_queries(1):
        [found] = read(OutboxMessage, "SELECT {columns} FROM insure_common_outboxmessage WHERE id = %s", [by_orm.pk])
    assert found.__dict__ | {"_state": None} == by_orm.__dict__ | {"_state": None}
