"""Expected errors of this package, with their stable codes."""

from django.utils.translation import gettext_lazy as _

from insure_common.exceptions import Conflict, NotFound, ServiceUnavailable, ValidationError


class ChargeInPayment(Conflict):
    default_detail = _("A payment for this charge is under way. Wait for it or try again later.")
    default_code = "charge_in_payment"


class ChargePaid(Conflict):
    default_detail = _("This charge is paid already.")
    default_code = "charge_paid"


class ChargeVoid(Conflict):
    default_detail = _("This charge was cancelled; there is nothing to pay.")
    default_code = "charge_void"


class UnknownCharge(NotFound):
    default_detail = _("There is no such charge on your account.")


class AmountTooHigh(ValidationError):
    default_detail = _("The amount is higher than what is open.")
    default_code = "amount_too_high"


class ReturnUrlRefused(ValidationError):
    default_detail = _("The return address does not belong to this service.")
    default_code = "return_url_refused"


class CatalogNotReady(ServiceUnavailable):
    default_detail = _("The provider's banks and documents are being fetched. Please try again in a few seconds.")
    default_code = "catalog_not_ready"


class ChargeVoidAlready(Conflict):
    default_detail = _("This charge was cancelled before.")
    default_code = "charge_void"


class VoidNotPossible(Conflict):
    default_detail = _("Only payments by card can be voided. Record a return made at the bank with resolve.")
    default_code = "void_not_possible"


class VoidUnderWay(Conflict):
    default_detail = _("The provider has been asked to void this payment already.")
    default_code = "void_under_way"


class NothingApproved(Conflict):
    default_detail = _("This payment has no approved transaction.")
    default_code = "nothing_approved"


class SeveralTransactions(Conflict):
    default_detail = _("Name the transaction: this payment has more than one, or was resolved before.")
    default_code = "several_transactions"


class NothingToResolve(Conflict):
    default_detail = _("Nothing about this payment needs to be resolved.")
    default_code = "nothing_to_resolve"


class CannotApply(Conflict):
    default_detail = _("This transaction cannot be put on the client's account. Record how it was given back.")
    default_code = "cannot_apply"


class NothingOwed(Conflict):
    default_detail = _("The client owes nothing that the credit could pay.")
    default_code = "nothing_owed"
