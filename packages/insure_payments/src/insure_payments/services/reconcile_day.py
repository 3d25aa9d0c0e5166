"""Compare a day with the provider, the ledger and the core system, and at a month's end the core system's statements.

First the provider's list is read, page by page. Then the provider is asked by itself about each transaction that its
list lacks, has otherwise or has beyond ours, and its answer goes the way of every answer, through `settle_payment`:
nothing is posted here. What still differs stays open. Every step may stop anywhere and be done again.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from insure_common import clock, outbox
from insure_common.database import session_lock
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import FINISHED_RECONCILIATIONS, DifferenceState, ReconciliationStatus, TransactionStatus
from insure_payments.gateways.base import (
    GatewayRefused,
    GatewayTransaction,
    GatewayUnavailable,
    ListingUnsupported,
    gateway,
)
from insure_payments.models import Payment, Reconciliation, ReportedTransaction, Transaction
from insure_payments.selectors.differences import DIFFERENCES, STATEMENT_DIFFERENCES, day_of
from insure_payments.services.refresh_transaction import refresh_transaction

logger = logging.getLogger(__name__)

PAUSE = timedelta(seconds=10)
SLICE = timedelta(seconds=90)
BATCH = 100

# The id is left to PostgreSQL, which makes it a UUIDv4: nobody pages by it.
KEEP = """
INSERT INTO insure_payments_difference AS known
  (id, reconciliation_id, side, kind, subject, payment_id, ours, theirs, state, found_at, seen_at)
SELECT gen_random_uuid(), %(run)s, found.side, found.kind, found.subject, found.payment_id, found.ours, found.theirs,
  'OPEN', %(now)s, %(now)s
FROM ({found}) found (side, kind, subject, payment_id, ours, theirs)
ON CONFLICT (reconciliation_id, side, kind, subject) DO UPDATE SET
  ours = excluded.ours, theirs = excluded.theirs, payment_id = excluded.payment_id, state = 'OPEN',
  resolved_at = NULL, seen_at = excluded.seen_at
"""


def reconcile_day(*, reconciliation_id: UUID) -> Reconciliation:
    """Do what is left of a comparison; one that is finished stays as it is.

    Raises RetryLater while another process is at it and when its slice of time is used up, and GatewayUnavailable if
    the provider does not answer: it goes on from there.
    """
    with session_lock("insure_payments.reconcile", reconciliation_id) as is_ours:
        if not is_ours:
            raise outbox.RetryLater(PAUSE)
        run = Reconciliation.objects.get(pk=reconciliation_id)
        if run.status in FINISHED_RECONCILIATIONS:
            return run
        try:
            _work(run)
        except GatewayUnavailable as failure:
            _note(run, ReconciliationStatus.RUNNING, error=str(failure))
            raise
        except GatewayRefused as refusal:
            logger.error("provider refuses its list", extra={"reconciliation": str(run.pk)}, exc_info=refusal)
            _note(run, ReconciliationStatus.FAILED, error=str(refusal))
        return run


def _work(run: Reconciliation) -> None:
    if run.provider != PaymentsSettings.load().CORE_SYSTEM:
        _ask_provider(run)
    with transaction.atomic():
        _compare(run, gone=DifferenceState.TAKEN_OVER if run.is_listed else DifferenceState.GONE)
        run.transactions = run.reported.count()
        run.reported.all().delete()
        _note(run, ReconciliationStatus.DONE)
        outbox.complete()
    if still_open := run.differences.filter(state=DifferenceState.OPEN).count():
        logger.error("day does not agree", extra={"reconciliation": str(run.pk), "differences": still_open})


def _ask_provider(run: Reconciliation) -> None:
    deadline = clock.now() + SLICE
    while not run.is_listed:
        _read_page(run)
        if run.is_listed:
            _compare(run, gone=DifferenceState.GONE)
        _stop_after(deadline)
    while unlisted := list(_unlisted(run)[:BATCH]):
        for provider_id in unlisted:
            _ask(run, str(provider_id))
            _stop_after(deadline)
    while doubtful := list(_doubtful(run)[:BATCH]):
        for provider_id in doubtful:
            _ask(run, provider_id)
            _stop_after(deadline)


def _stop_after(deadline: datetime) -> None:
    if clock.now() >= deadline:
        raise outbox.RetryLater(timedelta(0))


def _note(run: Reconciliation, status: ReconciliationStatus, *, error: str = "") -> None:
    run.status, run.error = status, error[:500]
    run.finished_at = clock.now() if status in FINISHED_RECONCILIATIONS else None
    run.save()


def _read_page(run: Reconciliation) -> None:
    try:
        page = gateway(run.provider).list_transactions(run.date, run.cursor or None)
    except ListingUnsupported:
        # Then each of our own transactions is asked about.
        run.is_listed = True
        _note(run, ReconciliationStatus.RUNNING)
        return
    ids = [row.provider_id for row in page.transactions]
    if page.next_cursor and ids and run.reported.filter(provider_id__in=ids).count() == len(set(ids)):
        raise GatewayUnavailable("the provider's list repeats itself", sent=False)
    with transaction.atomic():
        _keep(run, page.transactions)
        run.cursor, run.is_listed = page.next_cursor or "", page.next_cursor is None
        _note(run, ReconciliationStatus.RUNNING)


def _keep(run: Reconciliation, rows: list[GatewayTransaction], *, is_checked: bool = False) -> None:
    latest = {row.provider_id: row for row in rows}
    ReportedTransaction.objects.bulk_create(
        [
            ReportedTransaction(
                reconciliation=run,
                provider_id=row.provider_id[:100],
                reference=row.reference[:255],
                status=row.status,
                amount_in_cents=row.amount_in_cents,
                currency=row.currency[:3],
                is_checked=is_checked,
            )
            for row in latest.values()
        ],
        update_conflicts=True,
        unique_fields=["reconciliation", "provider_id"],
        update_fields=["reference", "status", "amount_in_cents", "currency", "is_checked"],
    )


def _unlisted(run: Reconciliation) -> QuerySet[Transaction, str | None]:
    """Transactions of ours that the list does not hold: around midnight the provider's day may be another one."""
    listed = ReportedTransaction.objects.filter(reconciliation=run, provider_id=OuterRef("provider_id"))
    day = day_of(run)
    own = Transaction.objects.filter(
        provider=run.provider, created_at__gte=day["starts_at"], created_at__lt=day["ends_at"]
    )
    return own.filter(~Exists(listed), provider_id__isnull=False).values_list("provider_id", flat=True)


def _doubtful(run: Reconciliation) -> QuerySet[ReportedTransaction, str]:
    """What was reported otherwise than we have it, and not yet asked about; what is not ours is not asked about."""
    known = Transaction.objects.filter(provider=run.provider, provider_id=OuterRef("provider_id"))
    same = known.filter(
        status=OuterRef("status"), amount_in_cents=OuterRef("amount_in_cents"), currency=OuterRef("currency")
    )
    payment = Payment.objects.filter(provider=run.provider, reference=OuterRef("reference"))
    rows = ReportedTransaction.objects.filter(reconciliation=run, is_checked=False)
    return rows.filter(~Exists(same), Exists(known) | Exists(payment)).values_list("provider_id", flat=True)


def _ask(run: Reconciliation, provider_id: str) -> None:
    try:
        reported = refresh_transaction(provider=run.provider, provider_id=provider_id)
    except GatewayRefused:
        known = Transaction.objects.filter(provider=run.provider, provider_id=provider_id).first()
        ReportedTransaction.objects.update_or_create(
            reconciliation=run,
            provider_id=provider_id,
            defaults={"is_missing": True, "is_checked": True},
            create_defaults={
                "is_missing": True,
                "is_checked": True,
                "status": TransactionStatus.UNKNOWN,
                "amount_in_cents": known.amount_in_cents if known else 0,
                "currency": known.currency if known else "",
            },
        )
    else:
        # An answer about another one was quarantined; it is not asked for again and again.
        _keep(run, [replace(reported, provider_id=provider_id)], is_checked=True)


def _compare(run: Reconciliation, *, gone: DifferenceState) -> None:
    """Note every difference that there is now; one that was open and is no more has come to its end."""
    now = clock.now()
    query = STATEMENT_DIFFERENCES if run.provider == PaymentsSettings.load().CORE_SYSTEM else DIFFERENCES
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute(KEEP.format(found=query), day_of(run) | {"now": now})
        ended = run.differences.filter(Q(state=DifferenceState.OPEN) & Q(seen_at__lt=now))
        ended.update(state=gone, resolved_at=now, seen_at=F("seen_at"))
