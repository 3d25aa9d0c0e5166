"""Post to the ledger: the only way in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from insure_common import batch, clock
from insure_common.database import read
from insure_payments.enums import REVERSAL_OF, AccountKind, EntryKind
from insure_payments.models import Account, Entry, Line, Statement
from insure_payments.periods import month_of


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


def post_entry(draft: Draft) -> Entry:
    """Post one entry; see `post_entries`."""
    return post_entries([draft])[0]


def post_entries(drafts: Sequence[Draft]) -> list[Entry]:
    """Post entries in this order, in the caller's transaction, and return them.

    Makes missing accounts and locks the client accounts, after whatever else the caller has locked. Raises
    IntegrityError, at commit at the latest, if an entry does not balance or its cause has posted already: callers
    decide under a lock of their own whether there is anything to post.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("entries are posted in the transaction of their cause")
    if not drafts:
        return []
    batch.flush(Account)
    accounts = _accounts_of(drafts)
    clients = [account for account in accounts.values() if account.kind == AccountKind.CLIENT]
    posted_at = _posting_time(accounts.values())
    entries, lines = [], []
    statements = _new_statements(clients, posted_at)
    for draft in drafts:
        legs = [leg for leg in draft.legs if leg.amount_in_cents]
        entry = Entry(
            kind=draft.kind,
            source=draft.source,
            external_id=draft.external_id,
            description=draft.description,
            posted_at=posted_at,
            lines_count=len(legs),
            reverses=draft.reverses,
        )
        entries.append(entry)
        lines += [_line(entry, leg, accounts[_key(draft, leg)], draft.currency) for leg in legs]
    with batch.together():
        batch.insert([*statements, *entries, *lines])
        batch.update(clients, ["balance_in_cents", "last_seq", "last_posted_at"])
    return entries


Key = tuple[AccountKind, Any, str]


def _key(draft: Draft, leg: Leg) -> Key:
    return (leg.kind, leg.user_id, draft.currency)


def _line(entry: Entry, leg: Leg, account: Account, currency: str) -> Line:
    line = Line(
        entry_id=entry.pk,
        account_id=account.pk,
        amount_in_cents=leg.amount_in_cents,
        currency=currency,
        posted_at=entry.posted_at,
    )
    if account.last_seq is not None and account.balance_in_cents is not None:
        account.last_seq += 1
        account.balance_in_cents += leg.amount_in_cents
        account.last_posted_at = entry.posted_at
        line.account_seq = account.last_seq
        line.balance_after_in_cents = account.balance_in_cents
    return line


def _accounts_of(drafts: Iterable[Draft]) -> dict[Key, Account]:
    wanted = {_key(draft, leg) for draft in drafts for leg in draft.legs}
    found = _find(wanted)
    if missing := wanted - found.keys():
        # In one order everywhere, or two first postings could lock each other out.
        keys = sorted(missing, key=str)
        Account.objects.bulk_create([_new_account(*key) for key in keys], ignore_conflicts=True)
        found = _find(wanted)
    return found


def _new_account(kind: AccountKind, user_id: Any, currency: str) -> Account:
    start = 0 if kind == AccountKind.CLIENT else None
    return Account(kind=kind, user_id=user_id, currency=currency, balance_in_cents=start, last_seq=start)


# One statement: client accounts are locked, house accounts are not, and a shut month takes no more postings. Of lists
# instead of single values PostgreSQL would make a plan for every call.
FIND_ACCOUNTS = """
WITH shut AS (SELECT max(ends_at) AS until FROM insure_payments_statementperiod),
clients AS (
    SELECT {{columns}} FROM insure_payments_account
    WHERE kind = 'CLIENT' AND user_id IN ({users}) AND currency IN ({currencies})
    ORDER BY id FOR NO KEY UPDATE
)
SELECT {{columns}}, (SELECT until FROM shut) FROM clients
UNION ALL
SELECT {{columns}}, (SELECT until FROM shut) FROM insure_payments_account
WHERE kind <> 'CLIENT' AND kind IN ({kinds}) AND currency IN ({currencies})
"""


def _find(wanted: set[Key]) -> dict[Key, Account]:
    """The accounts that exist, with `shut_until`, the end of the last month that is shut."""
    currencies = list({currency for _, _, currency in wanted})
    users: list[Any] = list({user_id for _, user_id, _ in wanted if user_id is not None}) or [None]
    kinds: list[Any] = list({kind.value for kind, user_id, _ in wanted if user_id is None}) or [None]
    sql = FIND_ACCOUNTS.format(users=_marks(users), currencies=_marks(currencies), kinds=_marks(kinds))
    accounts = read(Account, sql, [*users, *currencies, *kinds, *currencies], more=("shut_until",))
    return {(AccountKind(account.kind), account.user_id, account.currency): account for account in accounts}


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _posting_time(accounts: Iterable[Any]) -> datetime:
    """Now; but not before what the accounts know already, as a line's time never runs against its order, and not in a
    month that is shut: what comes late belongs to the next one.
    """
    moments: list[datetime] = [clock.now()]
    for account in accounts:
        moments += (moment for moment in (account.last_posted_at, account.shut_until) if moment)
    return max(moments)


def _new_statements(clients: Iterable[Account], posted_at: datetime) -> list[Statement]:
    period = month_of(posted_at)
    return [
        Statement(
            account=account,
            period=period,
            first_seq=(account.last_seq or 0) + 1,
            opening_in_cents=account.balance_in_cents or 0,
        )
        for account in clients
        if account.last_posted_at is None or month_of(account.last_posted_at) != period
    ]
