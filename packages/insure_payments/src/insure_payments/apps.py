from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.utils.translation import gettext_lazy as _

from insure_common.conf import register_settings_check
from insure_payments.conf import PaymentsSettings


class InsurePaymentsConfig(AppConfig):
    name = "insure_payments"
    verbose_name = _("Payments")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These have models, which are not loaded before.
        from insure_audit.public import register_actions, register_report_kinds
        from insure_integrations.public import NotificationKind, register_notification_kinds, register_sync_job
        from insure_payments.reports import report_kinds
        from insure_payments.sync import charges_job, statements_job

        register_settings_check(PaymentsSettings)
        register(check_gateways)
        register_sync_job(charges_job())
        register_sync_job(statements_job())
        register_report_kinds(report_kinds())
        register_notification_kinds(
            {"payments.receipt": NotificationKind(title=_("Payment receipt"), template="insure_payments/mail/receipt")}
        )
        register_actions(
            {
                "payments.payment_started": _("Payment started"),
                "payments.payment_refused": _("Payment could not be opened"),
                "payments.payment_settled": _("Payment settled"),
                "payments.payment_approved_twice": _("Payment approved twice; the surplus is credit"),
                "payments.amount_differed": _("Payment approved with another amount than asked for"),
                "payments.payment_reversed": _("Payment taken back"),
                "payments.transaction_quarantined": _("Transaction quarantined: it does not belong to its payment"),
                "payments.payment_viewed": _("Payment of a client looked at"),
                "payments.webhook_event_viewed": _("Event of a payment provider looked at"),
                "payments.ledger_viewed": _("Ledger looked at"),
                "payments.account_viewed": _("Account of a client looked at"),
                "payments.reconciliation_requested": _("Comparison of a day requested"),
                "payments.statements_closed": _("Statements of a month closed"),
                "payments.void_requested": _("Provider asked to void a payment"),
                "payments.void_refused": _("Provider did not void a payment"),
                "payments.case_resolved": _("Open case of a payment resolved"),
                "payments.webhook_replayed": _("Event of a payment provider processed again"),
                "payments.charge_made": _("Charge made by an operator"),
                "payments.charge_cancelled": _("Charge cancelled by an operator"),
                "payments.charge_changed": _("Charge changed by the core system"),
                "payments.charge_voided": _("Charge cancelled by the core system"),
            }
        )


def check_gateways(**_: Any) -> list[CheckMessage]:
    """`manage.py check` names what is wrong with the gateways."""
    from insure_payments.gateways.base import gateway_problems

    if PaymentsSettings.problems():
        return []
    return [Error(problem, id="insure_payments.E002") for problem in gateway_problems()]
