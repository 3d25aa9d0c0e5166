"""Expected errors of this package; the code of each is part of the API."""

from django.utils.translation import gettext_lazy as _
from rest_framework import status

from insure_common.exceptions import APIException, Conflict, NotFound, PermissionDenied, ValidationError

__all__ = ["NotFound", "PermissionDenied", "ValidationError"]


class _Unauthorized(APIException):
    """401 also where no authenticator is in force; DRF would make a 403 of its own AuthenticationFailed there."""

    status_code = status.HTTP_401_UNAUTHORIZED


class InvalidCredentials(_Unauthorized):
    default_detail = _("E-mail or password is not right.")
    default_code = "invalid_credentials"


class TokenInvalid(_Unauthorized):
    default_detail = _("Your session has ended. Please sign in again.")
    default_code = "token_invalid"


class TokenReused(_Unauthorized):
    default_detail = _("Your session was ended for your protection. Please sign in again.")
    default_code = "token_reused"


class _CodeRefused(APIException):
    status_code = status.HTTP_400_BAD_REQUEST


class OtpInvalid(_CodeRefused):
    default_detail = _("The code is not right.")
    default_code = "otp_invalid"


class OtpExpired(_CodeRefused):
    default_detail = _("The code has expired. Please ask for a new one.")
    default_code = "otp_expired"


class OtpExhausted(_CodeRefused):
    default_detail = _("There were too many attempts. Please start again.")
    default_code = "otp_exhausted"


class TermsOutdated(Conflict):
    default_detail = _("There is a newer version of the terms. Please read and accept it.")
    default_code = "terms_outdated"


class LastAdministrator(Conflict):
    default_detail = _("The last active administrator cannot be suspended or demoted.")
    default_code = "last_administrator"


class StatusNotAllowed(Conflict):
    default_detail = _("The user's present status does not allow this.")
    default_code = "status_not_allowed"


class RequestStateNotAllowed(Conflict):
    default_detail = _("The request is closed, overdue, or was extended before.")
    default_code = "request_state_not_allowed"


class DocumentTaken(Conflict):
    default_detail = _("Another account holds this document.")
    default_code = "document_taken"


class NobodyChangesOwnRole(PermissionDenied):
    default_detail = _("Nobody changes their own role or status.")
    default_code = "own_account"


class AdministratorExists(PermissionDenied):
    default_detail = _("There is an administrator already; one of them must act, with a reason.")
    default_code = "administrator_exists"
