"""The environment: every variable is documented, and a start names everything that is wrong at once."""

import base64
import re
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy_project.environment import REQUIRED, VARIABLES, WrongEnvironment, read_environment

ROOT = Path(__file__).parents[1]
SEED = base64.b64encode(bytes(32)).decode()
OTHER_SEED = base64.b64encode(bytes([1] * 32)).decode()


def rsa_key(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture
def complete():
    distinct = {name: f"{name.lower()}-{'x' * 50}" for name, value in example().items() if "change-me" in value}
    keys = {"JWT_KEYS": f"a={SEED}", "AUDIT_SEAL_KEYS": f"b={OTHER_SEED}"}
    urls = {
        "DATABASE_URL": "postgres://a:b@127.0.0.1/c",
        "DATABASE_MIGRATION_URL": "postgres://o:b@127.0.0.1/c",
        "REDIS_URL": "redis://127.0.0.1",
    }
    return example() | distinct | keys | urls


def test_example_names_every_variable_and_explains_it():
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert set(example()) == {variable.name for variable in VARIABLES}
    unexplained = [
        line for before, line in pairwise(lines) if re.match(r"[A-Z_]+=", line) and not re.match(r"#|[A-Z_]+=", before)
    ]
    assert unexplained == []


def test_complete_environment_is_read(complete):
    values = read_environment(complete)
    assert values["ALLOWED_HOSTS"] == ["api.example.com"]
    assert values["TRUSTED_PROXY_COUNT"] == 0
    assert values["EMAIL_USE_TLS"] is True
    assert values["JWT_KEYS"] == {"a": SEED}


def test_tokens_may_be_signed_by_rsa_keys_beside_ed25519(complete):
    key = rsa_key(2048)
    assert read_environment(complete | {"JWT_KEYS": f"r={key},a={SEED}"})["JWT_KEYS"] == {"r": key, "a": SEED}


def test_empty_environment_names_every_required_variable_in_one_go():
    with pytest.raises(WrongEnvironment) as wrong:
        read_environment({})
    lines = str(wrong.value).splitlines()[1:]
    assert "SECRET_KEY: is missing" in lines
    assert "CASSE_CLIENT_SECRET: is missing" in lines
    assert len(lines) > 15


@pytest.mark.parametrize("name", [variable.name for variable in VARIABLES if variable.default is REQUIRED])
def test_nothing_starts_without_each(complete, name):
    with pytest.raises(WrongEnvironment) as wrong:
        read_environment(complete | {name: ""})
    assert wrong.value.problems == [(name, "is missing")]


WRONG = {
    "SECRET_KEY": ["short", "x" * 49, "change-me", " " + "x" * 60],
    "ALLOWED_HOSTS": ["*", "api.example.com,*"],
    "PUBLIC_BASE_URL": ["ftp://example.com", "http://api.example.com"],
    "CASSE_BASE_URL": ["http://casse.example.com"],
    "EMAIL_USE_TLS": ["enabled"],
    "TRUSTED_PROXY_COUNT": ["one", "-1"],
    "DATABASE_URL": ["nonsense", "mysql://a/b", "postgres:///b", "postgres://u:p[abc]d@h/d"],
    "REDIS_URL": ["nonsense", "http://a"],
    "MEDIA_DIR": ["media"],
    "EMAIL_PORT": ["-5", "smtp"],
    "SYNC_INTERVAL_SECONDS": ["0"],
    "PAYMENT_MINUTES": ["5"],
    "PAYMENTS_RATE": ["5", "many/day"],
    "WOMPI_ENVIRONMENT": ["sandbox", "test"],
    "PSE_ENVIRONMENT": ["sandbox"],
    "PSE_BASE_URL": ["checkout.placetopay.com"],
    "LOG_LEVEL": ["LOUD"],
    "JWT_KEYS": ["a=c2hvcnQ=", "a=not base64", "justtext", f"a={SEED},b=c2hvcnQ=", f"a={rsa_key(1024)}"],
    "AUDIT_SEAL_KEYS": ["a=c2hvcnQ=", f"a={rsa_key(2048)}"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_wrong_value_is_named_and_never_repeated(complete, name, value):
    with pytest.raises(WrongEnvironment) as wrong:
        read_environment(complete | {name: value})
    line = str(wrong.value).splitlines()[1]
    assert line.startswith(f"{name}: ")
    assert len(value) < 3 or value == "change-me" or value not in line


def test_secret_that_begins_with_a_dollar_is_a_secret_like_others(complete):
    secret = "$SECRET_KEY" + "x" * 40
    assert read_environment(complete | {"OTP_PEPPER": secret})["OTP_PEPPER"] == secret


def test_key_serves_one_ring_only(complete):
    with pytest.raises(WrongEnvironment, match="AUDIT_SEAL_KEYS: must differ from JWT_KEYS"):
        read_environment(complete | {"AUDIT_SEAL_KEYS": f"x={SEED}"})


def test_staging_is_production_with_the_providers_test_environments(complete):
    staging = complete | {"INSURE_ENVIRONMENT": "staging", "WOMPI_ENVIRONMENT": "test", "PSE_ENVIRONMENT": "test"}
    assert read_environment(staging)["WOMPI_ENVIRONMENT"] == "test"
    for name, value in (("WOMPI_ENVIRONMENT", "prod"), ("PUBLIC_BASE_URL", "http://api.example.com")):
        with pytest.raises(WrongEnvironment, match=name):
            read_environment(staging | {name: value})


def test_one_secret_for_two_purposes_is_refused(complete):
    with pytest.raises(WrongEnvironment, match="OTP_PEPPER: must differ from SECRET_KEY"):
        read_environment(complete | {"OTP_PEPPER": complete["SECRET_KEY"]})


def test_second_provider_is_left_out_as_a_whole(complete):
    without = {name: "" if name.startswith("PSE_") else value for name, value in complete.items()}
    assert read_environment(without)["PSE_BASE_URL"] == ""


@pytest.mark.parametrize("name", ["PSE_ENVIRONMENT", "PSE_BASE_URL", "PSE_LOGIN", "PSE_SECRET_KEY"])
def test_half_of_the_second_provider_is_refused(complete, name):
    with pytest.raises(WrongEnvironment) as wrong:
        read_environment(complete | {name: ""})
    assert str(wrong.value).splitlines()[1:] == [f"{name}: is missing, though others of its group are given"]
