"""What other packages, the deployment project and the CLI may use."""

from insure_users.people import people
from insure_users.roles import permissions_of, role_permissions
from insure_users.services.accounts import create_admin, ensure_account
from insure_users.services.purge import purge

__all__ = ["create_admin", "ensure_account", "people", "permissions_of", "purge", "role_permissions"]
