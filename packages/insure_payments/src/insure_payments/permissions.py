"""The rights of this package, as Django permissions on the models that they are about."""

VIEW_ANY_ACCOUNT = "insure_payments.view_any_account"
VIEW_ANY_CHARGE = "insure_payments.view_any_charge"
VIEW_ANY_PAYMENT = "insure_payments.view_any_payment"
VIEW_WEBHOOK_EVENT = "insure_payments.view_webhook_event"
