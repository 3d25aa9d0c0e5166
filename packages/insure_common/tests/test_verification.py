"""Several packages answer at one address."""

import pytest

from insure_common.clock import now
from insure_common.verification import Verified, verification_url, verify

DOCUMENTS = {"first": "policy", "second": "receipt"}


def find(kind):
    def verifier(code):
        if DOCUMENTS.get(code) != kind:
            return None
        return Verified(
            kind=kind.upper(),
            title=kind,
            issuer="<b>Seguros</b>",
            number="No. 1",
            issued_at=now(),
            status="ACTIVE",
            status_label="Active",
            is_in_force=True,
            ended_at=None,
            sha256="",
            is_file_intact=None,
        )

    return verifier


find_policy, find_receipt = find("policy"), find("receipt")


@pytest.fixture(autouse=True)
def verifiers(settings):
    paths = [f"{__name__}.find_policy", f"{__name__}.find_receipt"]
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "VERIFIERS": paths}


@pytest.mark.parametrize(("code", "kind"), [("first", "POLICY"), ("second", "RECEIPT")])
def test_whoever_knows_the_code_answers(code, kind):
    assert verify(code).kind == kind


def test_nobody_knows_the_code():
    assert verify("third") is None


def test_link_is_built_from_the_public_address_and_only_where_there_is_a_page(settings):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "PUBLIC_BASE_URL": "https://api.example.com"}
    assert verification_url("first") == ""
    settings.ROOT_URLCONF = "insure_common.verification_urls"
    assert verification_url("first") == "https://api.example.com/verify/first/"


def test_unknown_document_is_answered_in_the_name_of_the_company(client, settings):
    settings.INSURE_COMMON = {**settings.INSURE_COMMON, "COMPANY": {"name": "Seguros & Compañía"}}
    settings.ROOT_URLCONF = "insure_common.verification_urls"
    assert "Seguros &amp; Compañía" in client.get("/verify/third/").content.decode()


def test_page_draws_what_it_is_told_as_text(client, settings):
    settings.ROOT_URLCONF = "insure_common.verification_urls"
    assert "&lt;b&gt;Seguros&lt;/b&gt;" in client.get("/verify/first/").content.decode()
