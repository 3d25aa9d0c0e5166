"""Audit actions of this package, with a sentence for people."""

from django.utils.translation import gettext_lazy as _

USER = "insure_users.user"
SESSION = "insure_users.session"
CHALLENGE = "insure_users.challenge"
DATA_REQUEST = "insure_users.data_request"

USER_REGISTERED = "users.user_registered"
USER_CREATED = "users.user_created"
SIGNED_IN = "users.signed_in"
SIGN_IN_FAILED = "users.sign_in_failed"
CODE_REFUSED = "users.code_refused"
SIGNED_OUT = "users.signed_out"
SESSION_ENDED = "users.session_ended"
TOKEN_REUSED = "users.token_reused"  # noqa: S105 not a token
PROFILE_CHANGED = "users.profile_changed"
PASSWORD_CHANGED = "users.password_changed"  # noqa: S105 not a password
PASSWORD_RESET = "users.password_reset"  # noqa: S105 not a password
EMAIL_CHANGE_ASKED = "users.email_change_asked"
EMAIL_CHANGED = "users.email_changed"
USER_SUSPENDED = "users.user_suspended"
USER_REACTIVATED = "users.user_reactivated"
ROLE_CHANGED = "users.role_changed"
SESSIONS_ENDED = "users.sessions_ended"
USER_EXPORTED = "users.user_exported"
USER_PSEUDONYMISED = "users.user_pseudonymised"
REQUEST_OPENED = "users.request_opened"
REQUEST_EXTENDED = "users.request_extended"
REQUEST_CLOSED = "users.request_closed"
CONSENT_GIVEN = "users.consent_given"
CONSENT_REVOKED = "users.consent_revoked"
USER_VIEWED = "users.user_viewed"
USERS_LISTED = "users.users_listed"

ACTIONS = {
    USER_REGISTERED: _("User registered"),
    USER_CREATED: _("User created by an operator"),
    SIGNED_IN: _("Signed in"),
    SIGN_IN_FAILED: _("Sign-in failed"),
    CODE_REFUSED: _("E-mail code refused"),
    SIGNED_OUT: _("Signed out"),
    SESSION_ENDED: _("Session ended by its user"),
    TOKEN_REUSED: _("Used token presented again; its session ended"),
    PROFILE_CHANGED: _("Profile changed"),
    PASSWORD_CHANGED: _("Password changed"),
    PASSWORD_RESET: _("Password set anew by e-mail code"),
    EMAIL_CHANGE_ASKED: _("Change of e-mail asked for"),
    EMAIL_CHANGED: _("E-mail changed"),
    USER_SUSPENDED: _("User suspended"),
    USER_REACTIVATED: _("User reactivated"),
    ROLE_CHANGED: _("Role changed"),
    SESSIONS_ENDED: _("All sessions ended by an operator"),
    USER_EXPORTED: _("User's data exported"),
    USER_PSEUDONYMISED: _("User pseudonymised"),
    REQUEST_OPENED: _("Request about personal data received"),
    REQUEST_EXTENDED: _("Term of a request about personal data extended"),
    REQUEST_CLOSED: _("Request about personal data answered"),
    CONSENT_GIVEN: _("Consent given"),
    CONSENT_REVOKED: _("Consent revoked"),
    USER_VIEWED: _("User's data viewed"),
    USERS_LISTED: _("List of users viewed"),
}
