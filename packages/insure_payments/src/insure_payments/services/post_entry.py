"""Post to the ledger: the only way in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from insure_common import batch, clock
from insure_common.ids import new_id
from insure_payments.enums import REVERSAL_OF, AccountKind, EntryKind
from insure_payments.models import Account, Entry


@dataclass(frozen=True, slots=True)
class Leg:
    """Signed minor units (a debit is positive) on the account of `user_id`, or on the house account of `kind`."""

    amount_in_cents: int
    kind: AccountKind = AccountKind.CLIENT
    user_id: Any = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to post. `source`, `external_id` and `kind` name its cause."""

    kind: EntryKind
    source: str
    external_id: str
    description: str
    currency: str
    legs: tuple[Leg, ...]
    reverses: Entry | None = None

    @property
    def lines(self) -> list[Leg]:
        """What is written: a charge without tax has no line for it."""
        return [leg for leg in self.legs if leg.amount_in_cents]


def reversal_of(entry: Entry, *, source: str, external_id: str) -> Draft:
    """The draft that takes `entry` back, leg by leg."""
    lines = entry.lines.select_related("account").order_by("id")
    return Draft(
        kind=REVERSAL_OF[EntryKind(entry.kind)],
        source=source,
        external_id=external_id,
        description=entry.description,
        currency=lines[0].currency,
        legs=tuple(Leg(-line.amount_in_cents, AccountKind(line.account.kind), line.account.user_id) for line in lines),
        reverses=entry,
    )


def post_entry(draft: Draft) -> UUID:
    """Post one entry; see `post_entries`."""
    return post_entries([draft])[0]


def post_entries(drafts: Sequence[Draft]) -> list[UUID]:
    """Post entries in this order, in the caller's transaction, and return their ids.

    Makes missing accounts and locks the client accounts, after whatever else the caller has locked. Raises
    IntegrityError, at commit at the latest, if an entry does not balance or its cause has posted already: callers
    decide under a lock of their own whether there is anything to post. Raises ValueError if one moves the accounts of
    two clients. In a block of `batch.together` it is posted when that ends.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("entries are posted in the transaction of their cause")
    entries = [(new_id(), draft) for draft in drafts]
    for start in range(0, len(entries), MOST_DRAFTS):
        batch.include("posting", *_statement(entries[start : start + MOST_DRAFTS]))
    return [entry_id for entry_id, _ in entries]


MOST_DRAFTS = 500
"""In one statement."""

# One statement, whatever is posted. A client's account is locked by its own update; house accounts are not locked, as
# their balance is the sum of their lines. Places and balances count back from what the account has afterwards. A line's
# time never runs against its order, and what comes late belongs to the month after those that are shut. The first
# posting of a month makes its statement.
POST = """
shut AS (SELECT max(ends_at) AS until FROM insure_payments_statementperiod),
client (number, id, user_id, currency, amount, legs, statement_id, at) AS (VALUES {clients}),
house (number, id, kind, currency, at) AS (VALUES {houses}),
moved AS (
  INSERT INTO insure_payments_account AS account
    (id, kind, user_id, currency, balance_in_cents, last_seq, last_posted_at, created_at)
  SELECT id, 'CLIENT', user_id, currency, amount, legs, greatest(at, until), at FROM client, shut
  WHERE number IS NOT NULL ORDER BY number
  ON CONFLICT (user_id, currency) WHERE kind = 'CLIENT' DO UPDATE SET
    balance_in_cents = account.balance_in_cents + excluded.balance_in_cents,
    last_seq = account.last_seq + excluded.last_seq,
    last_posted_at = greatest(account.last_posted_at, excluded.last_posted_at)
  RETURNING id, user_id, currency, balance_in_cents, last_seq, last_posted_at
),
found AS (
  SELECT house.number, account.id FROM house JOIN insure_payments_account account
  ON account.kind = house.kind AND account.currency = house.currency AND account.kind <> 'CLIENT'
),
made AS (
  INSERT INTO insure_payments_account (id, kind, currency, created_at)
  SELECT id, kind, currency, at FROM house
  WHERE number IS NOT NULL AND number NOT IN (SELECT number FROM found) ORDER BY number
  ON CONFLICT (kind, currency) WHERE NOT kind = 'CLIENT' DO UPDATE SET kind = excluded.kind
  RETURNING id, kind, currency
),
account (number, id, currency, last_seq, balance, at) AS (
  SELECT client.number, moved.id, currency, last_seq, balance_in_cents, last_posted_at
  FROM client JOIN moved USING (user_id, currency)
  UNION ALL
  SELECT house.number, coalesce(found.id, made.id), house.currency, NULL, NULL, NULL
  FROM house LEFT JOIN found USING (number) LEFT JOIN made USING (kind, currency)
),
entry AS (
  INSERT INTO insure_payments_entry (id, kind, source, external_id, description, lines_count, reverses_id, posted_at)
  SELECT new.id, new.kind, source, external_id, description, lines_count, reverses_id,
    coalesce(account.at, greatest(new.at, until))
  FROM (VALUES {entries}) AS new (id, kind, source, external_id, description, lines_count, reverses_id, client, at)
  CROSS JOIN shut LEFT JOIN account ON account.number = new.client
  RETURNING id, posted_at
),
line AS (
  INSERT INTO insure_payments_line
    (id, entry_id, account_id, amount_in_cents, currency, posted_at, account_seq, balance_after_in_cents)
  SELECT new.id, entry_id, account.id, amount, currency, posted_at, last_seq - legs_after, balance - amount_after
  FROM (VALUES {lines}) AS new (id, entry_id, account, amount, legs_after, amount_after)
  JOIN entry ON entry.id = new.entry_id JOIN account ON account.number = new.account
),
statement AS (
  INSERT INTO insure_payments_statement (id, account_id, period, first_seq, opening_in_cents, created_at)
  SELECT statement_id, account.id, date_trunc('month', account.at AT TIME ZONE 'America/Bogota')::date,
    last_seq - legs + 1, balance - amount, client.at
  FROM client JOIN account USING (number)
  ON CONFLICT (account_id, period) DO NOTHING
)
"""
CLIENT = "(%s::int, %s::uuid, %s::{user}, %s, %s::bigint, %s::bigint, %s::uuid, %s::timestamptz)"
HOUSE = "(%s::int, %s::uuid, %s, %s, %s::timestamptz)"
ENTRY = "(%s::uuid, %s, %s, %s, %s, %s::smallint, %s::uuid, %s::int, %s::timestamptz)"
LINE = "(%s::uuid, %s::uuid, %s::int, %s::bigint, %s::bigint, %s::bigint)"


class _Key(NamedTuple):
    kind: AccountKind
    user_id: Any
    currency: str


def _statement(entries: Sequence[tuple[UUID, Draft]]) -> tuple[str, list[Any]]:
    """POST for these entries, with its values."""
    now = clock.now()
    legs = [
        (entry_id, _Key(leg.kind, leg.user_id, draft.currency), leg.amount_in_cents)
        for entry_id, draft in entries
        for leg in draft.lines
    ]
    # In one order everywhere, or two postings could lock each other out.
    numbers = {key: number for number, key in enumerate(sorted({key for _, key, _ in legs}, key=str))}
    ids = [new_id() for _ in legs]
    after = dict.fromkeys(numbers, (0, 0))
    lines: list[tuple[Any, ...]] = []
    for line_id, (entry_id, key, amount) in zip(reversed(ids), reversed(legs), strict=True):
        legs_after, amount_after = after[key]
        lines.append((line_id, entry_id, numbers[key], amount, legs_after, amount_after))
        after[key] = (legs_after + 1, amount_after + amount)
    clients = [
        (numbers[key], new_id(), key.user_id, key.currency, amount, count, new_id(), now)
        for key, (count, amount) in after.items()
        if key.user_id is not None
    ]
    houses = [(number, new_id(), key.kind, key.currency, now) for key, number in numbers.items() if key.user_id is None]
    posted = [_entry(entry_id, draft, numbers, now) for entry_id, draft in entries]
    marks, values = {}, []
    for name, mark, rows in (
        ("clients", _client_mark(), clients),
        ("houses", HOUSE, houses),
        ("entries", ENTRY, posted),
        ("lines", LINE, lines),
    ):
        rows = rows or [(None,) * mark.count("%s")]
        marks[name] = ", ".join([mark] * len(rows))
        values += [value for row in rows for value in row]
    return POST.format(**marks), values


@cache
def _client_mark() -> str:
    return CLIENT.format(user=batch.type_of(Account._meta.get_field("user")))


def _entry(entry_id: UUID, draft: Draft, numbers: dict[_Key, int], now: datetime) -> tuple[Any, ...]:
    clients = {leg.user_id for leg in draft.lines} - {None}
    if len(clients) > 1:
        raise ValueError("an entry moves the account of one client")
    client = numbers[_Key(AccountKind.CLIENT, clients.pop(), draft.currency)] if clients else None
    reverses = draft.reverses and draft.reverses.pk
    return (
        entry_id,
        draft.kind,
        draft.source,
        draft.external_id,
        draft.description,
        len(draft.lines),
        reverses,
        client,
        now,
    )
