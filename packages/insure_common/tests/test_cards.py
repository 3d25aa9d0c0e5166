import uuid

import pytest

from insure_common.cards import holds_card_number, without_card_numbers

NUMBERS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "378282246310005",
    "my card is 4111111111111111.",
    "card4242424242424242",
    "tok_test_4242424242424242",
    "https://example.com/?n=5555555555554444",
]
OTHERS = [
    "4242424242424241",
    "424242424242",
    "+57 310 765 4321",
    "2026-11-25 03:53:31",
    "a4242424242424242b",
    "tok_prod_1_BBb749EAB32e97a2D058Dd538a608301",
    "",
]


@pytest.mark.parametrize("text", NUMBERS)
def test_card_number_is_found_and_masked(text):
    assert holds_card_number(text)
    masked = without_card_numbers(text)
    assert "***" in masked
    assert not holds_card_number(masked)


@pytest.mark.parametrize("text", OTHERS)
def test_other_text_is_left_alone(text):
    assert not holds_card_number(text)
    assert without_card_numbers(text) == text


def test_ids_are_no_card_numbers():
    """Of as many ids some forty hold digits that would pass."""
    ids = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)) for number in range(1, 20_001)]
    assert sum(map(holds_card_number, ids)) <= 4
