"""A user model that is not ours: the suites prove with it that a package needs no insure_users."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from insure_common.ids import new_id


class MemberManager(BaseUserManager["Member"]):
    pass


class Member(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=200)
    id_type = models.CharField(max_length=4, default="CC")
    id_number = models.CharField(max_length=20, default="")
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    objects = MemberManager()

    def get_full_name(self) -> str:
        return self.full_name
