"""The user. Products that need more fields subclass `AbstractInsureUser` and name theirs in AUTH_USER_MODEL."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth import get_backends
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from insure_common import clock
from insure_common.ids import new_id
from insure_users.enums import IdType, Role, UserStatus
from insure_users.identity import EMAIL_PATTERN, ERASED_DOMAIN, ID_NUMBER_PATTERN, LONGEST_EMAIL, OLDEST_BIRTH_DATE


class UserManager(BaseUserManager["User"]):
    """Accounts are made by `insure_users.public`, which checks and audits; there is no `create_user` here."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email_primary=username)


class AbstractInsureUser(AbstractBaseUser):
    """The fields that the business requires, with the constraints that the database holds."""

    last_login = None  # sessions know when somebody was here

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    full_name = models.CharField(_("full name"), max_length=200)
    id_type = models.CharField(_("kind of document"), max_length=4, choices=IdType)
    id_number = models.CharField(_("document number"), max_length=20)
    password = models.CharField(_("password"), max_length=128, db_column="password_hash")
    email_primary = models.CharField(_("e-mail"), max_length=LONGEST_EMAIL)
    email_secondary = models.CharField(_("second e-mail"), max_length=LONGEST_EMAIL, blank=True)
    phone = models.CharField(_("phone"), max_length=16)
    address = models.CharField(_("address"), max_length=300, blank=True)
    birth_date = models.DateField(_("date of birth"))
    profile_photo_url = models.CharField(_("photo"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=9, choices=UserStatus, default=UserStatus.ACTIVE)
    role = models.CharField(_("role"), max_length=32, default=Role.CLIENT)
    created_at = models.DateTimeField(_("since"), default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email_primary"
    EMAIL_FIELD = "email_primary"
    REQUIRED_FIELDS = ["full_name", "id_type", "id_number", "phone", "birth_date"]

    class Meta:
        abstract = True
        verbose_name = _("user")
        verbose_name_plural = _("users")
        default_permissions = ()
        permissions = [
            ("view_any_user", _("May see every user")),
            ("view_personal_data", _("May see personal data unmasked")),
            ("suspend_user", _("May suspend and reactivate users")),
            ("change_role", _("May change roles")),
            ("end_sessions", _("May end the sessions of users")),
            ("export_user", _("May export all data of a user")),
            ("pseudonymise_user", _("May pseudonymise users")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["email_primary"], name="%(app_label)s_%(class)s_email_once"),
            # A registration with somebody's document waits as PENDING until an operator has decided.
            models.UniqueConstraint(
                fields=["id_type", "id_number"],
                condition=~models.Q(status=UserStatus.PENDING),
                name="%(app_label)s_%(class)s_document_once",
            ),
            models.CheckConstraint(
                condition=models.Q(email_primary__regex=EMAIL_PATTERN), name="%(app_label)s_%(class)s_email_canonical"
            ),
            models.CheckConstraint(
                condition=models.Q(id_number__regex=ID_NUMBER_PATTERN),
                name="%(app_label)s_%(class)s_document_canonical",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=UserStatus.values), name="%(app_label)s_%(class)s_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(id_type__in=IdType.values), name="%(app_label)s_%(class)s_document_kind_known"
            ),
        ]
        indexes = [models.Index(fields=["role", "status"], name="%(app_label).10s_%(class).9s_role")]

    @property
    def is_active(self) -> bool:  # type: ignore[override] # Django's is a plain attribute
        return self.status == UserStatus.ACTIVE

    @property
    def is_staff(self) -> bool:
        """Whether the back office lets the user in at all: any role with a right."""
        from insure_users.roles import permissions_of

        return self.is_active and bool(permissions_of(self.role))

    def blank_person(self) -> None:
        """Take out of the row whatever names the person, in memory; a product with more fields blanks those as well."""
        self.full_name = self.phone = self.address = self.email_secondary = self.profile_photo_url = ""
        self.id_type, self.id_number = IdType.DE, f"_{self.pk.hex[-15:].upper()}"
        self.email_primary = f"{self.pk.hex}@{ERASED_DOMAIN}"
        self.birth_date = OLDEST_BIRTH_DATE
        self.set_unusable_password()

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.split(" ", 1)[0]

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """Asks every authentication backend, as Django's own users do."""
        backends: list[Any] = [backend for backend in get_backends() if hasattr(backend, "has_perm")]
        return any(backend.has_perm(self, perm, obj) for backend in backends)

    def has_perms(self, perm_list: Iterable[str], obj: models.Model | None = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        backends: list[Any] = [backend for backend in get_backends() if hasattr(backend, "has_module_perms")]
        return any(backend.has_module_perms(self, app_label) for backend in backends)


class User(AbstractInsureUser):
    class Meta(AbstractInsureUser.Meta):
        abstract = False
        swappable = "AUTH_USER_MODEL"
