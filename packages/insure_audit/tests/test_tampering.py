"""What somebody with every right in the database may try, and how verification names it."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from insure_audit.encoding import encode_event, event_texts, head_digest
from insure_audit.keys import sign, signing_key
from insure_audit.merkle import leaf_digest, root_of
from insure_audit.models import Event, Seal, SealEntry
from insure_audit.public import seal_pending, verify

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def trail(happen):
    """Three seals over six events; the events in their order."""
    for _ in range(3):
        happen(2, amount=1)
        seal_pending()
    assert verify().ok
    return [entry.event for entry in SealEntry.objects.select_related("event").order_by("seq")]


@pytest.mark.parametrize(
    "change",
    [
        "action = 'tests.other_thing'",
        "target_id = target_id || ' '",
        "actor_role = 'ADMIN'",
        "occurred_at = occurred_at + interval '1 microsecond'",
        "client_address = '203.0.113.9'",
        "correlation_id = gen_random_uuid()",
        """metadata = '{"amount": 2}'""",
    ],
)
def test_changed_event_is_named(trail, as_superuser, change):
    as_superuser(f"UPDATE insure_audit_event SET {change} WHERE id = %s", trail[3].pk)
    assert verify().problems == [f"event {trail[3].pk} (place 4): changed"]


def test_event_changed_together_with_its_digest_is_found_in_its_seal(trail, as_superuser):
    as_superuser("UPDATE insure_audit_event SET actor_role = 'ADMIN' WHERE id = %s", trail[3].pk)
    digest = leaf_digest(encode_event(event_texts(Event.objects.get(pk=trail[3].pk))))
    as_superuser("UPDATE insure_audit_sealentry SET digest = %s WHERE seq = 4", digest)
    assert verify().problems == ["seal 2: does not fit the events at places 3 to 4"]


def test_removed_event_is_named(trail, as_superuser):
    as_superuser("DELETE FROM insure_audit_event WHERE id = %s", trail[1].pk)
    assert verify().problems == [f"event {trail[1].pk} (place 2): removed"]


def test_event_removed_with_its_place_is_named(trail, as_superuser):
    as_superuser("DELETE FROM insure_audit_event WHERE id = %s", trail[1].pk)
    as_superuser("DELETE FROM insure_audit_sealentry WHERE seq = 2")
    assert verify().problems == ["place 2: missing, with all up to place 2"]


def test_inserted_event_is_named(trail, as_superuser, clock):
    as_superuser(
        "INSERT INTO insure_audit_event (id, actor_role, action, target_type, target_id, occurred_at, metadata) "
        "SELECT gen_random_uuid(), 'ADMIN', action, target_type, target_id, occurred_at, metadata "
        "FROM insure_audit_event WHERE id = %s",
        trail[0].pk,
    )
    clock.travel(timedelta(seconds=11))
    inserted = Event.objects.get(actor_role="ADMIN")
    assert verify().problems == [f"event {inserted.pk}: without a seal for more than 10 s"]


def test_event_put_in_the_place_of_another_is_found(trail, as_superuser):
    as_superuser("DELETE FROM insure_audit_sealentry WHERE seq = 4")
    as_superuser("UPDATE insure_audit_sealentry SET seq = 4, seal_id = 2 WHERE seq = 6")
    assert verify().problems[0] == "seal 2: does not fit the events at places 3 to 4"


@pytest.mark.parametrize("column", ["root", "previous", "signature"])
def test_changed_seal_is_named(trail, as_superuser, column):
    as_superuser(f"UPDATE insure_audit_seal SET {column} = repeat('ab', length({column}) / 2) WHERE seq = 2")
    assert verify().problems[0].startswith("seal 2:")


def test_removed_seal_is_named(trail, as_superuser):
    as_superuser("DELETE FROM insure_audit_seal WHERE seq = 2")
    assert verify().problems[0] == "seal 2: missing, with all up to seal 2"


def rewrite(as_superuser, key):
    """Change the third event and write everything after it anew, signed with `key`."""
    as_superuser(
        "UPDATE insure_audit_event SET actor_role = 'ADMIN' "
        "WHERE id = (SELECT event_id FROM insure_audit_sealentry WHERE seq = 3)"
    )
    for entry in SealEntry.objects.select_related("event"):
        digest = leaf_digest(encode_event(event_texts(entry.event)))
        as_superuser("UPDATE insure_audit_sealentry SET digest = %s WHERE seq = %s", digest, entry.seq)
    before = Seal.objects.get(seq=1)
    for seal in Seal.objects.filter(seq__gte=2).order_by("seq"):
        seal.root = root_of(list(seal.entries.order_by("seq").values_list("digest", flat=True)))
        seal.previous = head_digest(before)
        as_superuser(
            "UPDATE insure_audit_seal SET root = %s, previous = %s, signature = %s WHERE seq = %s",
            seal.root,
            seal.previous,
            sign(seal, key),
            seal.seq,
        )
        before = seal


def test_trail_written_anew_without_the_key_is_found(trail, as_superuser):
    rewrite(as_superuser, Ed25519PrivateKey.generate())
    assert verify().problems[0] == "seal 2: the signature is not valid"


def test_trail_written_anew_with_the_stolen_key_is_found_by_the_anchor(trail, as_superuser):
    rewrite(as_superuser, signing_key()[1])
    assert verify().problems == ["seal 2: not the one that was anchored", "seal 3: not the one that was anchored"]


def cut(as_superuser):
    for sql in (
        "DELETE FROM insure_audit_event WHERE id IN (SELECT event_id FROM insure_audit_sealentry WHERE seal_id = 3)",
        "DELETE FROM insure_audit_sealentry WHERE seal_id = 3",
        "DELETE FROM insure_audit_seal WHERE seq = 3",
    ):
        as_superuser(sql)


def test_trail_cut_at_its_end_is_found_by_the_anchor(trail, as_superuser):
    cut(as_superuser)
    assert verify().problems == ["seal 3: anchored, but no longer in the database"]


def test_cut_trail_that_grew_again_is_found_by_the_anchor(trail, as_superuser, happen):
    cut(as_superuser)
    for _ in range(3):
        happen()
        seal_pending()
    assert verify().problems == ["seal 3: not the one that was anchored"]


def test_last_seal_removed_alone_is_named(trail, as_superuser):
    as_superuser("DELETE FROM insure_audit_seal WHERE seq = 3")
    assert verify().problems == [
        "places 5 to 6: their seal is missing",
        "seal 3: anchored, but no longer in the database",
    ]


def test_report_stays_short(trail, as_superuser, happen):
    happen(150)
    seal_pending()
    as_superuser("UPDATE insure_audit_event SET actor_role = 'X'")
    assert len(verify().problems) == 100
