import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, transaction

from insure_integrations.enums import SyncStatus
from insure_integrations.testing.factories import make_external_call, make_holder_link, make_sync_run

pytestmark = pytest.mark.django_db


def test_migrations_are_up_to_date():
    call_command("makemigrations", "insure_integrations", check=True, dry_run=True)


def test_settings_are_checked(settings):
    settings.INSURE_INTEGRATIONS = settings.INSURE_INTEGRATIONS | {"UNKNOWN": 1}
    with pytest.raises(SystemCheckError, match="UNKNOWN"):
        call_command("check")


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_sync_run(seen=1),
        lambda: make_sync_run(is_consistent=False),
        lambda: make_sync_run(status="UNHEARD"),
        lambda: make_sync_run(status=SyncStatus.RUNNING),
        lambda: [make_sync_run(status=SyncStatus.RUNNING, finished_at=None) for _ in range(2)],
        lambda: make_external_call(status=None),
        lambda: make_holder_link(linked_at="2026-01-01T00:00Z"),
        lambda: [make_holder_link(reference="TOM-1") for _ in range(2)],
    ],
)
def test_database_refuses_what_must_not_be(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()
