"""Ledger and payments in the back office: to read, never to change, and events to process again.

Each page and action needs the right of its API endpoint.
"""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from insure_common.admin import OwnedAdmin, ReadOnlyAdmin
from insure_payments.models import Account, Case, Charge, Difference, Entry, Payment, Reconciliation, WebhookEvent
from insure_payments.permissions import (
    REPLAY_WEBHOOK_EVENT,
    VIEW_ANY_ACCOUNT,
    VIEW_ANY_CHARGE,
    VIEW_ANY_PAYMENT,
    VIEW_RECONCILIATION,
    VIEW_WEBHOOK_EVENT,
)
from insure_payments.services.replay_webhook import replay_webhook
from insure_payments.services.view_as_operator import view_account, view_payment, view_webhook_event


@admin.register(Account)
class AccountAdmin(OwnedAdmin):
    view_permissions = (VIEW_ANY_ACCOUNT,)
    list_display = ["kind", "user_id", "currency", "balance_in_cents", "last_posted_at"]
    list_filter = ["kind", "currency"]

    def record_view(self, *, actor: Any, object_id: str) -> None:
        user_id = Account.objects.values_list("user_id", flat=True).get(pk=object_id)
        if user_id is not None:
            view_account(actor=actor, user_id=str(user_id))


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_ANY_ACCOUNT,)
    list_display = ["posted_at", "kind", "source", "external_id", "description"]
    list_filter = ["kind", "source"]
    search_fields = ["=external_id", "=description"]


@admin.register(Charge)
class ChargeAdmin(OwnedAdmin):
    view_permissions = (VIEW_ANY_CHARGE,)
    list_display = [
        "system",
        "reference",
        "user_id",
        "concept",
        "due_date",
        "amount_in_cents",
        "paid_in_cents",
        "status",
    ]
    list_filter = ["status", "system"]
    search_fields = ["=reference", "=policy_reference"]


@admin.register(Payment)
class PaymentAdmin(OwnedAdmin):
    view_permissions = (VIEW_ANY_PAYMENT,)
    list_display = ["created_at", "reference", "user_id", "provider", "status", "amount_in_cents", "settled_in_cents"]
    list_filter = ["status", "provider"]
    search_fields = ["=reference"]
    exclude = ("user", "method", "card_token", "client_address", "redirect_url", "return_url")

    def record_view(self, *, actor: Any, object_id: str) -> None:
        view_payment(actor=actor, payment_id=UUID(object_id))


@admin.register(Case)
class CaseAdmin(ReadOnlyAdmin):
    """What is open about payments; resolved through the API and the CLI, which want a reason."""

    view_permissions = (VIEW_ANY_PAYMENT,)
    list_display = [
        "opened_at",
        "kind",
        "payment",
        "provider_id",
        "mismatch",
        "amount_in_cents",
        "outcome",
        "closed_at",
    ]
    list_filter = ["kind", "outcome", ("closed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["payment"]
    search_fields = ["=payment__reference", "=provider_id"]
    exclude = ("payment", "transaction", "actor")
    readonly_fields = ("payment_id", "transaction_id", "actor_id")


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_WEBHOOK_EVENT,)
    actions = ["replay"]
    list_display = ["received_at", "provider", "event_name", "transaction_id", "status", "verdict", "attempts"]
    list_filter = ["status", "provider"]
    search_fields = ["=transaction_id", "=event_id"]

    def record_view(self, *, actor: Any, object_id: str) -> None:
        view_webhook_event(actor=actor, event_id=UUID(object_id))

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(REPLAY_WEBHOOK_EVENT)

    @admin.action(permissions=["replay"], description=_("Process the selected events again"))
    def replay(self, request: HttpRequest, queryset: QuerySet[WebhookEvent]) -> None:
        events = list(queryset.values_list("pk", flat=True))
        for event_id in events:
            replay_webhook(actor=request.user, event_id=event_id)
        self.message_user(request, _("Events that will be processed again: %(number)d.") % {"number": len(events)})


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_RECONCILIATION,)
    list_display = ["date", "provider", "status", "transactions", "error", "finished_at"]
    list_filter = ["status", "provider"]


@admin.register(Difference)
class DifferenceAdmin(ReadOnlyAdmin):
    view_permissions = (VIEW_RECONCILIATION,)
    list_display = ["reconciliation", "side", "kind", "subject", "ours", "theirs", "state"]
    list_select_related = ["reconciliation"]
    list_filter = ["state", "kind", "side"]
    search_fields = ["=subject"]
