"""Where the payer's browser lands after the bank, unless the app named a place of its own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insure_common.conf import CommonSettings


@require_safe
def payment_return(request: HttpRequest) -> HttpResponse:
    """The same page for everybody: what the provider says in the query is not believed, so it says nothing of it."""
    return render(request, "insure_payments/payment_return.html", {"company": CommonSettings.load().COMPANY})
