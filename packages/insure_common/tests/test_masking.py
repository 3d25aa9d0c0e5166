import pytest

from insure_common.masking import masked_document, masked_email, masked_entirely, masked_name, masked_phone


@pytest.mark.parametrize(
    ("mask", "text", "masked"),
    [
        (masked_name, "Ana María  Pérez", "A*** M*** P***"),
        (masked_name, "", ""),
        (masked_email, "ana.perez@example.com", "a***@example.com"),
        (masked_email, "", ""),
        (masked_document, "1098765432", "******5432"),
        (masked_document, "5432", "****"),
        (masked_phone, "+573001234567", "***********67"),
        (masked_phone, "", ""),
        (masked_entirely, "Calle 1", "*******"),
    ],
)
def test_enough_is_left_to_tell_people_apart_and_too_little_to_know_them(mask, text, masked):
    assert mask(text) == masked
