"""Ask for the comparison of a day."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from insure_audit.public import record
from insure_common import clock, outbox
from insure_common.exceptions import ValidationError
from insure_payments.conf import PaymentsSettings
from insure_payments.enums import FINISHED_RECONCILIATIONS, DifferenceState, ReconciliationStatus
from insure_payments.models import Difference, Reconciliation, StatementPeriod
from insure_payments.periods import start_of

LOOK_BACK = timedelta(days=7)
"""How long a day that is not settled is compared again by the schedule."""


def request_reconciliation(*, provider: str, date: date, actor: Any = None) -> Reconciliation:
    """Have a past Bogota day compared, again if it was before; a comparison under way goes on where it is.

    With the core system as the provider its statements are compared with ours, at the end of a closed month. Raises
    ValidationError for an unknown provider or a day that cannot be compared.
    """
    settings = PaymentsSettings.load()
    if provider not in (*settings.GATEWAYS, settings.CORE_SYSTEM):
        raise ValidationError({"provider": [_("There is no such provider.")]})
    if date >= clock.today():
        raise ValidationError({"date": [_("Only a day that is over can be compared.")]})
    if provider == settings.CORE_SYSTEM and not _ends_closed_month(date):
        raise ValidationError({"date": [_("Statements are compared on the last day of a closed month.")]})
    with transaction.atomic():
        Reconciliation.objects.bulk_create([Reconciliation(provider=provider, date=date)], ignore_conflicts=True)
        run = Reconciliation.objects.select_for_update(no_key=True, of=("self",)).get(provider=provider, date=date)
        if run.status in FINISHED_RECONCILIATIONS:
            run.reported.all().delete()
            run.status, run.finished_at = ReconciliationStatus.REQUESTED, None
            run.cursor, run.is_listed, run.error = "", False, ""
        run.requested_by, run.requested_at = actor, clock.now()
        run.save()
        outbox.enqueue(
            "insure_payments.tasks.reconcile_task",
            payload={"reconciliation_id": run.pk},
            priority=outbox.Priority.BULK,
        )
        record(
            "payments.reconciliation_requested",
            actor=actor,
            target_type="insure_payments.reconciliation",
            target_id=run.pk,
            metadata={"provider": provider, "date": date.isoformat()},
        )
    return run


def request_due_reconciliations() -> None:
    """For the schedule: yesterday with every provider, and once a day again what is not settled of the days before."""
    settings, today = PaymentsSettings.load(), clock.today()
    due = [(provider, today - timedelta(days=1)) for provider in settings.GATEWAYS]
    end_of_month = today.replace(day=1) - timedelta(days=1)
    if _ends_closed_month(end_of_month):
        due.append((settings.CORE_SYSTEM, end_of_month))
    for provider, day in due:
        if not Reconciliation.objects.filter(provider=provider, date=day).exists():
            request_reconciliation(provider=provider, date=day)
    still_open = Difference.objects.filter(reconciliation=OuterRef("pk"), state=DifferenceState.OPEN)
    unsettled = Reconciliation.objects.filter(
        ~Q(status=ReconciliationStatus.DONE) | Exists(still_open),
        provider__in=[*settings.GATEWAYS, settings.CORE_SYSTEM],
        date__gte=today - LOOK_BACK,
        requested_at__lt=start_of(today),
    )
    for run in unsettled:
        request_reconciliation(provider=run.provider, date=run.date)


def _ends_closed_month(date: date) -> bool:
    closed = StatementPeriod.objects.filter(period=date.replace(day=1), closed_at__isnull=False)
    return (date + timedelta(days=1)).day == 1 and closed.exists()
