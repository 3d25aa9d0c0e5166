"""Routes at the root of the site: where a payer comes back to."""

from django.urls import path

from insure_payments.views.payment_return import payment_return

urlpatterns = [path("payments/return/", payment_return, name="payment-return")]
