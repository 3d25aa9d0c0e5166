"""INSURE_USERS: the settings of this package."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from insure_common.conf import AppSettings
from insure_users.keys import SigningKey, read_signing_key

Positive = Annotated[int, Field(gt=0)]
AtLeastTwo = Annotated[int, Field(ge=2)]
TokenKey = Annotated[SigningKey, BeforeValidator(read_signing_key)]


class UsersSettings(AppSettings, setting="INSURE_USERS"):
    """INSURE_USERS. Required: JWT_KEYS, OTP_PEPPER, TERMS_VERSION, TERMS_URL."""

    JWT_KEYS: Annotated[dict[str, TokenKey], Field(min_length=1, repr=False)]
    """Key id -> Ed25519 seed (32 bytes: EdDSA) or RSA private key in DER (RS256), in base64. The first signs, all
    verify, each by its own algorithm only; to rotate, put a new one in front."""
    ISSUER: str = "insure"
    """`iss` of every token."""
    AUDIENCE: str = "insure-api"
    """`aud` of every token."""
    ACCESS_MINUTES: Positive = 10
    """Life of an access token; the session behind it is checked on every request all the same."""
    SESSION_IDLE_DAYS: Positive = 30
    """A session ends when it was not refreshed for so long."""
    SESSION_DAYS: Positive = 90
    """A session ends so long after the sign-in, however often it was refreshed."""
    BACK_OFFICE_IDLE_MINUTES: Positive = 30
    """A session of the back office ends when no page was opened for so long."""
    BACK_OFFICE_HOURS: Positive = 8
    """A session of the back office ends so long after the sign-in, however much it was used."""
    REFRESH_GRACE_SECONDS: Positive = 10
    """A refresh token used again so soon (a lost answer) gets the very same pair; later it ends the session."""

    OTP_PEPPER: Annotated[str, Field(min_length=32, repr=False)]
    """Secret that goes into the hash of every e-mail code, beside the salt."""
    CODE_SECONDS: Annotated[int, Field(gt=0, le=600)] = 300
    """Life of an e-mail code from the moment it is made."""
    CODE_ATTEMPTS: Annotated[int, Field(gt=0, le=5)] = 5
    """Codes that are evaluated for one challenge, over all its sends."""
    CODE_SENDS: Positive = 5
    """Codes that are sent for one challenge."""
    RESEND_SECONDS: Positive = 30
    """Shortest time between two codes of one challenge."""
    CHALLENGE_MINUTES: Positive = 60
    """A challenge gets no new code after this time."""
    UNVERIFIED_HOURS: Positive = 24
    """Challenges, and with them the data of unfinished registrations, are deleted after this time."""
    ENDED_SESSION_DAYS: Positive = 90
    """Sessions are deleted so long after their end."""

    TERMS_VERSION: str
    """Version of the terms and the privacy policy that people accept now."""
    TERMS_URL: str
    """Where they can be read."""

    ROLE_PERMISSIONS: dict[str, set[str]] | None = None
    """Role -> permissions ("app_label.codename"); None takes `insure_users.roles.ROLE_PERMISSIONS`."""
    EXPORT_PARTS: dict[str, str] = {}
    """What other packages add to `export_data`: name -> dotted path of a function of `user_id` that returns plain
    values."""

    PASSWORD_MIN_LENGTH: Annotated[int, Field(ge=8)] = 8
    ARGON2_TIME_COST: Positive = 3
    """Passes of `insure_users.hashers.Argon2idHasher`; changed costs are applied at the next sign-in."""
    ARGON2_MEMORY_KIB: Annotated[int, Field(ge=8)] = 65_536
    """Memory of one hash: a process needs as much for each of its threads."""
    ARGON2_PARALLELISM: Positive = 1
    """Threads of one hash; more make it shorter on idle cores, and cheaper for who has stolen it."""

    FAILED_LOGINS_PER_ACCOUNT: AtLeastTwo = 5
    """Wrong passwords for one e-mail before each further one doubles the waiting time."""
    FAILED_LOGINS_PER_ADDRESS: AtLeastTwo = 30
    """The same for one client address."""
    FIRST_DELAY_SECONDS: Positive = 2
    LONGEST_DELAY_SECONDS: Positive = 900
    WRONG_CODES_PER_DAY: AtLeastTwo = 50
    """Wrong codes of one caller for one e-mail and purpose in a day, over all challenges; ten times as many of all."""
    MAILS_PER_MINUTE: AtLeastTwo = 3
    """Codes that one client address can have sent to one e-mail in a minute."""
    MAILS_PER_HOUR: AtLeastTwo = 30
    """Codes for one e-mail and purpose in an hour."""
    MAILS_PER_ADDRESS_PER_HOUR: AtLeastTwo = 300
    """Codes that one client address can have sent in an hour, to whomever."""
    MAILS_PER_DAY: AtLeastTwo | None = None
    """Codes in a day altogether; None: no such cap."""
