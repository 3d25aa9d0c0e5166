"""Statuses, each with the one table of its allowed transitions, and the kinds of accounts and entries."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AccountKind(models.TextChoices):
    """A client's account, or one of the house's, of which there is one per currency."""

    CLIENT = "CLIENT", _("Client")
    CLEARING = "CLEARING", _("Money collected by payment providers")
    EXTERNAL = "EXTERNAL", _("Money collected outside of this system")
    PREMIUM = "PREMIUM", _("Premiums")
    TAX = "TAX", _("Value added tax")
    REFUNDS = "REFUNDS", _("Money given back outside of this system")


class EntryKind(models.TextChoices):
    CHARGE = "CHARGE", _("Charge")
    CHARGE_REVERSAL = "CHARGE_REVERSAL", _("Charge cancelled or replaced")
    PAYMENT = "PAYMENT", _("Payment")
    PAYMENT_REVERSAL = "PAYMENT_REVERSAL", _("Payment returned")
    EXTERNAL_PAYMENT = "EXTERNAL_PAYMENT", _("Payment made elsewhere")
    REFUND = "REFUND", _("Credit given back")


CHARGE_KINDS = (EntryKind.CHARGE, EntryKind.CHARGE_REVERSAL)
"""Entries that a statement counts as charges; all the others are payments."""

REVERSAL_OF = {EntryKind.CHARGE: EntryKind.CHARGE_REVERSAL, EntryKind.PAYMENT: EntryKind.PAYMENT_REVERSAL}


class ChargeStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    PARTIALLY_PAID = "PARTIALLY_PAID", _("Partially paid")
    PAID = "PAID", _("Paid")
    VOID = "VOID", _("Void")

    @classmethod
    def of(cls, *, amount_in_cents: int, paid_in_cents: int) -> "ChargeStatus":
        """The status of a charge that is not void."""
        if paid_in_cents == 0:
            return cls.OPEN
        return cls.PAID if paid_in_cents == amount_in_cents else cls.PARTIALLY_PAID


class ReceiptStatus(models.TextChoices):
    """What the public page says of a receipt."""

    SETTLED = "SETTLED", pgettext_lazy("receipt", "Settled")
    VOIDED = "VOIDED", pgettext_lazy("receipt", "Voided")


class PaymentMethod(models.TextChoices):
    PSE = "PSE", "PSE"
    CARD = "CARD", _("Card")
    CHECKOUT = "CHECKOUT", _("Page of the payment provider")


METHOD_NEEDS: dict[PaymentMethod, tuple[str, ...]] = {
    PaymentMethod.PSE: ("institution", "person_type", "id_type", "id_number"),
    PaymentMethod.CARD: ("token", "installments"),
    PaymentMethod.CHECKOUT: (),
}
"""What a client sends with each method, besides its type."""
HOSTED_METHODS = (PaymentMethod.CHECKOUT,)
"""The payer chooses how to pay on a page of the provider, which may try several transactions under one reference."""


class PersonType(models.TextChoices):
    NATURAL = "NATURAL", _("Natural person")
    LEGAL = "LEGAL", _("Legal person")


class TransactionStatus(models.TextChoices):
    """What a provider says of one transaction. UNKNOWN: it was asked for, and whether it exists is not yet known."""

    UNKNOWN = "UNKNOWN", _("Unknown")
    PENDING = "PENDING", _("Pending")
    APPROVED = "APPROVED", _("Approved")
    DECLINED = "DECLINED", _("Declined")
    VOIDED = "VOIDED", _("Voided")
    ERROR = "ERROR", _("Error")


TRANSACTION_TRANSITIONS: dict[TransactionStatus, frozenset[TransactionStatus]] = {
    TransactionStatus.UNKNOWN: frozenset(TransactionStatus) - {TransactionStatus.UNKNOWN},
    TransactionStatus.PENDING: frozenset(TransactionStatus) - {TransactionStatus.UNKNOWN, TransactionStatus.PENDING},
    TransactionStatus.APPROVED: frozenset({TransactionStatus.VOIDED}),
    TransactionStatus.DECLINED: frozenset(),
    TransactionStatus.VOIDED: frozenset(),
    TransactionStatus.ERROR: frozenset(),
}
LIVE_TRANSACTION_STATUSES = (TransactionStatus.UNKNOWN, TransactionStatus.PENDING)
FAILED_TRANSACTION_STATUSES = (TransactionStatus.DECLINED, TransactionStatus.ERROR)


class PaymentStatus(models.TextChoices):
    """Derived from the payment's transactions; see `PaymentStatus.of`."""

    CREATED = "CREATED", _("Created")
    PENDING = "PENDING", _("Pending")
    APPROVED = "APPROVED", _("Approved")
    DECLINED = "DECLINED", _("Declined")
    VOIDED = "VOIDED", _("Voided")
    ERROR = "ERROR", _("Error")
    EXPIRED = "EXPIRED", _("Expired")

    @classmethod
    def of(cls, transactions: Iterable[str], *, is_expired: bool, is_page_open: bool = False) -> "PaymentStatus":
        """The status of a payment whose transactions have these: the best news counts, expiry if there is none.

        `is_page_open`: the provider's own page may begin another transaction, whatever has become of these.
        """
        statuses = set(transactions)
        if TransactionStatus.APPROVED in statuses:
            return cls.APPROVED
        if is_page_open or statuses & set(LIVE_TRANSACTION_STATUSES):
            return cls.EXPIRED if is_expired else cls.PENDING
        for transaction_status, status in (
            (TransactionStatus.VOIDED, cls.VOIDED),
            (TransactionStatus.DECLINED, cls.DECLINED),
            (TransactionStatus.ERROR, cls.ERROR),
        ):
            if transaction_status in statuses:
                return status
        return cls.EXPIRED if is_expired else cls.CREATED


UNSETTLED_PAYMENT_STATUSES = (PaymentStatus.CREATED, PaymentStatus.PENDING)
"""A payment in one of these is under way and keeps its charges."""


class CaseKind(models.TextChoices):
    """What is open about a payment. The first two wait for an operator, the others are what an operator did."""

    CREDIT = "CREDIT", _("Money that is on no charge")
    QUARANTINE = "QUARANTINE", _("Transaction that does not belong to its payment")
    VOID = "VOID", _("Void asked of the provider")
    RETURN = "RETURN", _("Return made at the bank")


OPERATOR_CASES = (CaseKind.CREDIT, CaseKind.QUARANTINE)
"""Cases that stay open until an operator resolves them, or what the provider says later does."""


class CaseOutcome(models.TextChoices):
    """How a case ended; an operator chooses between the first two."""

    APPLY = "APPLY", _("Applied to what the client owes")
    RETURNED = "RETURNED", _("Given back")
    VOIDED = "VOIDED", _("Voided by the provider")
    REFUSED = "REFUSED", _("Refused by the provider")
    OBSOLETE = "OBSOLETE", _("Settled by later news")


OPERATOR_OUTCOMES = (CaseOutcome.APPLY, CaseOutcome.RETURNED)


class FailureReason(models.TextChoices):
    """Why a payment failed: the `failure_reason` of the API."""

    ACCEPTANCE_OUTDATED = "acceptance_outdated", _("The documents to accept have changed.")
    PROVIDER_REFUSED = "provider_refused", _("The payment provider refused the payment.")
    PROVIDER_UNAVAILABLE = "provider_unavailable", _("The payment provider could not be reached.")
    DECLINED = "declined", _("The bank declined the payment.")
    FAILED = "failed", _("The payment failed at the bank or provider.")
    EXPIRED = "expired", _("The payment was not completed in time.")


class WebhookStatus(models.TextChoices):
    RECEIVED = "RECEIVED", _("Received")
    PROCESSED = "PROCESSED", _("Processed")
    FAILED = "FAILED", _("Failed")


class ReconciliationStatus(models.TextChoices):
    REQUESTED = "REQUESTED", _("Requested")
    RUNNING = "RUNNING", _("Running")
    DONE = "DONE", _("Done")
    FAILED = "FAILED", _("Failed")


FINISHED_RECONCILIATIONS = (ReconciliationStatus.DONE, ReconciliationStatus.FAILED)


class Side(models.TextChoices):
    """What our payments are compared with."""

    PROVIDER = "PROVIDER", _("Payment provider")
    PAYMENTS = "PAYMENTS", _("The payments themselves")
    LEDGER = "LEDGER", _("Ledger")
    CORE = "CORE", _("Core system")


class DifferenceKind(models.TextChoices):
    MISSING_HERE = "MISSING_HERE", _("Missing here")
    MISSING_THERE = "MISSING_THERE", _("Missing there")
    AMOUNT = "AMOUNT", _("Another amount")
    STATUS = "STATUS", _("Another status")
    DOUBLE = "DOUBLE", _("Approved twice")


class DifferenceState(models.TextChoices):
    """Whether somebody has to act, and otherwise what made an end of the difference."""

    OPEN = "OPEN", _("Open")
    TAKEN_OVER = "TAKEN_OVER", _("Settled by what the provider itself answered")
    GONE = "GONE", _("No longer there when the day was compared again")


DIFFERENCE_ADVICE = {
    DifferenceKind.MISSING_HERE: _("No payment of ours has this reference: ask the provider whose money it is."),
    DifferenceKind.MISSING_THERE: _("The other side does not know it: ask there before anything is returned."),
    DifferenceKind.AMOUNT: _("The amounts disagree: compare both documents and resolve the payment."),
    DifferenceKind.STATUS: _("The other side reports a status that cannot follow ours: ask there what happened."),
    DifferenceKind.DOUBLE: _("The client paid twice: resolve the surplus, as credit or as money returned."),
}
"""What somebody does about a difference that stays open."""
