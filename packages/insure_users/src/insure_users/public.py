"""What other packages, the deployment project and the CLI may use."""

from insure_users.identity import canonical_email
from insure_users.people import people
from insure_users.roles import permissions_of, role_permissions
from insure_users.selectors.users import user_by_email, users_visible_to
from insure_users.services.accounts import create_admin, ensure_account
from insure_users.services.data_requests import close_request, extend_request, list_requests, open_request
from insure_users.services.export_data import export_data
from insure_users.services.manage_users import change_role, end_sessions, reactivate_user, suspend_user
from insure_users.services.pseudonymise_user import pseudonymise_user
from insure_users.services.purge import purge
from insure_users.services.view_users import list_users, show_user

__all__ = [
    "canonical_email",
    "change_role",
    "close_request",
    "create_admin",
    "end_sessions",
    "ensure_account",
    "export_data",
    "extend_request",
    "list_requests",
    "list_users",
    "open_request",
    "people",
    "permissions_of",
    "pseudonymise_user",
    "purge",
    "reactivate_user",
    "role_permissions",
    "show_user",
    "suspend_user",
    "user_by_email",
    "users_visible_to",
]
