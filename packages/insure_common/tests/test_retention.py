import pytest

from insure_common import retention
from insure_common.models import OutboxMessage
from insure_common.outbox import Priority

pytestmark = pytest.mark.django_db


def test_rows_are_deleted_in_batches_and_no_others(monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        OutboxMessage.objects.create(task=f"t{number}", payload={}, priority=Priority.BULK)
    four = OutboxMessage.objects.exclude(task="t0")
    with django_assert_num_queries(6):
        assert retention.delete_in_batches(four, four) == 4
    assert OutboxMessage.objects.get().task == "t0"
