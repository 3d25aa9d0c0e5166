"""Shapes of requests and answers."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from insure_common.api.serializers import StrictSerializer, TextField
from insure_common.api.views import PageQuery
from insure_users.enums import ConsentKind, IdType, UserStatus
from insure_users.fields import (
    AcceptedField,
    BirthDateField,
    CodeField,
    EmailField,
    PasswordField,
    PhoneField,
    PhotoUrlField,
)
from insure_users.identity import canonical_id_number
from insure_users.models import Session, User
from insure_users.selectors.users import masks_of


class RegistrationSerializer(StrictSerializer):
    full_name = TextField(max_length=200)
    id_type = serializers.ChoiceField(choices=IdType.choices)
    id_number = TextField(max_length=30)
    email_primary = EmailField()
    email_secondary = EmailField(required=False, allow_blank=True, default="")
    phone = PhoneField()
    address = TextField(required=False, allow_blank=True, default="", max_length=300)
    birth_date = BirthDateField()
    password = PasswordField()
    accepts_terms = AcceptedField(help_text="Must be true.")
    terms_version = TextField(max_length=50, help_text="From `auth/terms/`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            number = canonical_id_number(id_type=attrs["id_type"], text=attrs["id_number"])
        except DjangoValidationError as error:
            raise serializers.ValidationError({"id_number": error.messages}) from error
        return {**attrs, "id_number": number}


class TermsSerializer(serializers.Serializer[Any]):
    terms_version = serializers.CharField()
    url = serializers.CharField()


class LoginSerializer(StrictSerializer):
    email = EmailField()
    password = PasswordField()
    device_name = TextField(required=False, allow_blank=True, default="", max_length=100)


class ChallengeSerializer(serializers.Serializer[Any]):
    challenge_id = serializers.UUIDField(source="pk")
    expires_at = serializers.DateTimeField(help_text="The code holds at least until then.")
    resend_at = serializers.DateTimeField(help_text="From then on another code can be asked for.")


class CodeSerializer(StrictSerializer):
    challenge_id = serializers.UUIDField()
    code = CodeField()


class ResendSerializer(StrictSerializer):
    challenge_id = serializers.UUIDField()


class RefreshSerializer(StrictSerializer):
    refresh = TextField(max_length=2_000, write_only=True)


class TokenPairSerializer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()


class UserSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    full_name = serializers.CharField()
    id_type = serializers.ChoiceField(choices=IdType.choices)
    id_number = serializers.CharField()
    email_primary = serializers.CharField()
    email_secondary = serializers.CharField()
    phone = serializers.CharField()
    address = serializers.CharField()
    birth_date = serializers.DateField()
    profile_photo_url = serializers.CharField()
    status = serializers.ChoiceField(choices=UserStatus.choices)
    role = serializers.CharField()
    created_at = serializers.DateTimeField()


class SignedInSerializer(serializers.Serializer[Any]):
    access = serializers.CharField(allow_null=True, help_text="null while the account waits for an operator.")
    refresh = serializers.CharField(allow_null=True)
    user = UserSerializer()


class ProfileSerializer(StrictSerializer):
    """What people change themselves; any of the fields."""

    full_name = TextField(required=False, max_length=200)
    email_secondary = EmailField(required=False, allow_blank=True)
    phone = PhoneField(required=False)
    address = TextField(required=False, allow_blank=True, max_length=300)
    profile_photo_url = PhotoUrlField(required=False, allow_blank=True)


class ForgotPasswordSerializer(StrictSerializer):
    email = EmailField()


class ResetPasswordSerializer(StrictSerializer):
    challenge_id = serializers.UUIDField()
    code = CodeField()
    new_password = PasswordField()


class ChangePasswordSerializer(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class ChangeEmailSerializer(StrictSerializer):
    email = EmailField()
    password = PasswordField()


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device_name = serializers.CharField()
    client_address = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(source="rotated_at", help_text="When it was last refreshed.")
    ends_at = serializers.DateTimeField()
    is_current = serializers.SerializerMethodField()

    def get_is_current(self, session: Session) -> bool:
        return bool(session == self.context["request"].auth)


class ConsentSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ConsentKind.choices)
    version = serializers.CharField()
    url = serializers.CharField()
    given_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)


class UserQuery(PageQuery):
    status = serializers.ChoiceField(choices=UserStatus.choices, required=False)
    role = TextField(required=False, max_length=32)
    search = TextField(
        required=False,
        min_length=3,
        max_length=200,
        help_text="Part of the name, a whole e-mail or a whole document number; nothing where data are masked.",
    )


class ReasonSerializer(StrictSerializer):
    reason = TextField(max_length=500)


class RoleSerializer(StrictSerializer):
    role = TextField(max_length=32)
    reason = TextField(max_length=500)


class SeenUserSerializer(UserSerializer):
    """A user as somebody else sees them: masked unless the viewer may see personal data."""

    birth_date = serializers.DateField(allow_null=True)

    def to_representation(self, instance: User) -> dict[str, Any]:
        seen = dict(super().to_representation(instance))
        if self.context["request"].user.has_perm("insure_users.view_personal_data"):
            return seen
        return seen | masks_of(instance)
