"""The rights of this package, as Django permissions on the models that they are about."""

VIEW_ANY_ACCOUNT = "insure_payments.view_any_account"
VIEW_ANY_CHARGE = "insure_payments.view_any_charge"
VIEW_ANY_PAYMENT = "insure_payments.view_any_payment"
VIEW_RECONCILIATION = "insure_payments.view_reconciliation"
RUN_RECONCILIATION = "insure_payments.run_reconciliation"
VIEW_WEBHOOK_EVENT = "insure_payments.view_webhook_event"

ADD_ANY_CHARGE = "insure_payments.add_any_charge"
VOID_ANY_CHARGE = "insure_payments.void_any_charge"
VOID_ANY_PAYMENT = "insure_payments.void_any_payment"
RESOLVE_ANY_PAYMENT = "insure_payments.resolve_any_payment"
REPLAY_WEBHOOK_EVENT = "insure_payments.replay_webhook_event"
