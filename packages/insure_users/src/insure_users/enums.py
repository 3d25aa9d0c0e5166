"""Statuses, roles, kinds of document."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UserStatus(models.TextChoices):
    PENDING = "PENDING", _("Waits for an operator")
    ACTIVE = "ACTIVE", _("Active")
    SUSPENDED = "SUSPENDED", _("Suspended")
    CLOSED = "CLOSED", _("Closed")


USER_TRANSITIONS: dict[str, set[str]] = {
    UserStatus.PENDING: {UserStatus.ACTIVE, UserStatus.CLOSED},
    UserStatus.ACTIVE: {UserStatus.SUSPENDED, UserStatus.CLOSED},
    UserStatus.SUSPENDED: {UserStatus.ACTIVE, UserStatus.CLOSED},
    UserStatus.CLOSED: set(),
}


class Role(models.TextChoices):
    ADMIN = "ADMIN", _("Administrator")
    CLIENT = "CLIENT", _("Client")
    INTERVENTORIA = "INTERVENTORIA", _("Auditor (interventoría)")
    SUPERVISOR = "SUPERVISOR", _("Supervisor")


class IdType(models.TextChoices):
    """Colombian identity documents; what each adapter calls them is the adapter's matter."""

    CC = "CC", _("Citizenship card (cédula de ciudadanía)")
    CE = "CE", _("Foreigner's card (cédula de extranjería)")
    TI = "TI", _("Identity card of a minor (tarjeta de identidad)")
    RC = "RC", _("Birth registration (registro civil)")
    NIT = "NIT", _("Tax number (NIT), without its check digit")
    PP = "PP", _("Passport")
    TE = "TE", _("Foreigner's identity card (tarjeta de extranjería)")
    DE = "DE", _("Foreign document")
    PEP = "PEP", _("Special stay permit (PEP)")
    PPT = "PPT", _("Temporary protection permit (PPT)")
    NUIP = "NUIP", _("Personal identification number (NUIP)")


class Purpose(models.TextChoices):
    """What the right code of a challenge does."""

    REGISTER = "REGISTER", _("Registration")
    LOGIN = "LOGIN", _("Sign-in")
    PASSWORD_RESET = "PASSWORD_RESET", _("New password")
    EMAIL_CHANGE = "EMAIL_CHANGE", _("Change of e-mail")


class SessionEnd(models.TextChoices):
    """Why a session ended before its time."""

    LOGOUT = "LOGOUT", _("Signed out")
    REUSED = "REUSED", _("A used token was presented again")
    ENDED_BY_USER = "ENDED_BY_USER", _("Ended from another device")
    OPERATOR = "OPERATOR", _("Ended by an operator")
    PASSWORD = "PASSWORD", _("Password changed")
    EMAIL = "EMAIL", _("E-mail changed")
    STATUS = "STATUS", _("Account suspended or closed")
    ROLE = "ROLE", _("Role changed")


class ConsentKind(models.TextChoices):
    TERMS = "TERMS", _("Terms of use")
    PRIVACY = "PRIVACY", _("Treatment of personal data")


class RequestKind(models.TextChoices):
    """What a person can ask about their data."""

    ACCESS = "ACCESS", _("To see the data")
    CORRECTION = "CORRECTION", _("To have data corrected")
    DELETION = "DELETION", _("To have data deleted")
    REVOCATION = "REVOCATION", _("To take a consent back")


class RequestStatus(models.TextChoices):
    OPEN = "OPEN", _("Open")
    DONE = "DONE", _("Done")
    REFUSED = "REFUSED", _("Refused")


# Business days, Ley 1581 de 2012: art. 14 for questions, art. 15 for claims.
TERM_DAYS = {
    RequestKind.ACCESS: 10,
    RequestKind.CORRECTION: 15,
    RequestKind.DELETION: 15,
    RequestKind.REVOCATION: 15,
}
EXTENSION_DAYS = {
    RequestKind.ACCESS: 5,
    RequestKind.CORRECTION: 8,
    RequestKind.DELETION: 8,
    RequestKind.REVOCATION: 8,
}
