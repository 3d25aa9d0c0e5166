"""Who may do what: the whole access policy of the product in one table."""

from collections.abc import Set

from insure_users.conf import UsersSettings
from insure_users.enums import Role

_READ_CLIENTS = {
    "insure_users.view_any_user",
    "insure_policies.view_any_policy",
    "insure_policies.view_any_quote",
    "insure_payments.view_any_account",
    "insure_payments.view_any_charge",
    "insure_payments.view_any_payment",
    "insure_payments.view_reconciliation",
    "insure_integrations.view_sync_run",
    "insure_audit.view_audit_event",
    "insure_audit.create_report",
}
_READ_SYSTEMS = {
    "insure_users.view_personal_data",
    "insure_policies.view_insured",
    "insure_payments.view_webhook_event",
    "insure_integrations.view_external_call",
    "insure_audit.view_report_personal_data",
}
_ACT = {
    "insure_users.suspend_user",
    "insure_users.change_role",
    "insure_users.end_sessions",
    "insure_users.export_user",
    "insure_users.pseudonymise_user",
    "insure_users.handle_request",
    "insure_payments.add_any_charge",
    "insure_payments.void_any_charge",
    "insure_payments.void_any_payment",
    "insure_payments.resolve_any_payment",
    "insure_payments.replay_webhook_event",
    "insure_payments.run_reconciliation",
    "insure_integrations.run_sync_job",
    "insure_common.retry_outbox_message",
    "insure_audit.view_any_report",
}

# One's own profile, policies, account and payments need no permission.
ROLE_PERMISSIONS: dict[str, Set[str]] = {
    Role.CLIENT: set(),
    Role.SUPERVISOR: _READ_CLIENTS | _READ_SYSTEMS,
    Role.INTERVENTORIA: _READ_CLIENTS,
    Role.ADMIN: _READ_CLIENTS | _READ_SYSTEMS | _ACT,
}


def role_permissions() -> dict[str, Set[str]]:
    """The table in force: INSURE_USERS["ROLE_PERMISSIONS"] or the one above."""
    own = UsersSettings.load().ROLE_PERMISSIONS
    return ROLE_PERMISSIONS if own is None else dict(own)


def permissions_of(role: str) -> Set[str]:
    """The permissions of a role; an unknown role has none."""
    return role_permissions().get(role, set())
