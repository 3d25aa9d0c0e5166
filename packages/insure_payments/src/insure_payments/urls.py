from django.urls import path

from insure_payments.views import account, operators, payments, reconciliations, webhooks

urlpatterns = [
    # First what comes in the greatest numbers.
    path("webhooks/wompi/", webhooks.WompiWebhookView.as_view(), name="wompi-webhook"),
    path("webhooks/pse/", webhooks.PseWebhookView.as_view(), name="pse-webhook"),
    path("account/", account.AccountView.as_view(), name="account"),
    path("account/entries/", account.EntryListView.as_view(), name="entries"),
    path("charges/", account.ChargeListView.as_view(), name="charges"),
    path("charges/<uuid:pk>/", account.ChargeView.as_view(), name="charge"),
    path("statements/", account.StatementListView.as_view(), name="statements"),
    path("statements/<uuid:pk>/", account.StatementView.as_view(), name="statement"),
    path("statements/<uuid:pk>/pdf/", account.StatementPdfView.as_view(), name="statement-pdf"),
    path("payment-methods/", payments.PaymentMethodsView.as_view(), name="payment-methods"),
    path("pse/institutions/", payments.InstitutionListView.as_view(), name="institutions"),
    path("payments/", payments.PaymentListView.as_view(), name="payments"),
    path("payments/<uuid:pk>/", payments.PaymentView.as_view(), name="payment"),
    path("payments/<uuid:pk>/receipt/", payments.ReceiptView.as_view(), name="payment-receipt"),
    path("admin/payments/", operators.AdminPaymentListView.as_view(), name="admin-payments"),
    path("admin/payments/<uuid:pk>/", operators.AdminPaymentView.as_view(), name="admin-payment"),
    path("admin/payments/<uuid:pk>/void/", operators.VoidPaymentView.as_view(), name="admin-payment-void"),
    path("admin/payments/<uuid:pk>/resolve/", operators.ResolvePaymentView.as_view(), name="admin-payment-resolve"),
    path("admin/charges/", operators.MakeChargeView.as_view(), name="admin-charges"),
    path("admin/charges/<uuid:pk>/void/", operators.VoidChargeView.as_view(), name="admin-charge-void"),
    path("admin/webhook-events/", operators.WebhookEventListView.as_view(), name="webhook-events"),
    path("admin/webhook-events/<uuid:pk>/", operators.WebhookEventView.as_view(), name="webhook-event"),
    path("admin/webhook-events/<uuid:pk>/replay/", operators.ReplayWebhookView.as_view(), name="webhook-replay"),
    path("admin/reconciliations/", reconciliations.ReconciliationListView.as_view(), name="reconciliations"),
    path("admin/reconciliations/<uuid:pk>/", reconciliations.ReconciliationView.as_view(), name="reconciliation"),
    path("admin/accounts/<str:user_id>/", operators.AdminAccountView.as_view(), name="admin-account"),
    path("admin/accounts/<str:user_id>/entries/", operators.AdminEntryListView.as_view(), name="admin-entries"),
]
