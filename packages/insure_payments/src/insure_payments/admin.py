"""Ledger and payments in the back office: to read, never to change. Each page needs the right of its API endpoint."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from insure_payments.models import Account, Charge, Entry, Payment, WebhookEvent
from insure_payments.permissions import VIEW_ANY_ACCOUNT, VIEW_ANY_CHARGE, VIEW_ANY_PAYMENT, VIEW_WEBHOOK_EVENT


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's class takes no parameter when it runs
    view_permission: str
    show_full_result_count = False
    actions = None

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm(self.view_permission)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    view_permission = VIEW_ANY_ACCOUNT
    list_display = ["kind", "user", "currency", "balance_in_cents", "last_posted_at"]
    list_filter = ["kind", "currency"]
    list_select_related = ["user"]


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    view_permission = VIEW_ANY_ACCOUNT
    list_display = ["posted_at", "kind", "source", "external_id", "description"]
    list_filter = ["kind", "source"]
    search_fields = ["=external_id", "=description"]


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    view_permission = VIEW_ANY_CHARGE
    list_display = ["system", "reference", "user", "concept", "due_date", "amount_in_cents", "paid_in_cents", "status"]
    list_filter = ["status", "system"]
    search_fields = ["=reference", "=policy_reference"]
    list_select_related = ["user"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    view_permission = VIEW_ANY_PAYMENT
    list_display = ["created_at", "reference", "user", "provider", "status", "amount_in_cents", "settled_in_cents"]
    list_filter = ["status", "provider"]
    search_fields = ["=reference"]
    list_select_related = ["user"]
    exclude = ["method"]


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    view_permission = VIEW_WEBHOOK_EVENT
    list_display = ["received_at", "provider", "event_name", "transaction_id", "status", "verdict", "attempts"]
    list_filter = ["status", "provider"]
    search_fields = ["=transaction_id", "=event_id"]
