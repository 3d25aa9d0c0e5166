"""Card numbers: nobody may send us one, so none can be lost."""

import re

_ID_OR_NUMBER = re.compile(
    r"(?P<id>(?<![0-9A-Za-z-])(?=[0-9-]*[A-Fa-f])[0-9A-Fa-f-]+(?![0-9A-Za-z-]))"
    r"|(?P<number>(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9]))"
)
"""One UUID in five hundred holds a run of digits that would pass for a card's."""
MASK = "***"


def holds_card_number(text: str) -> bool:
    """Whether in `text`, outside of hexadecimal ids, stand 13 to 19 digits that pass the check of card numbers."""
    return any(_is_card_number(match) for match in _ID_OR_NUMBER.finditer(text))


def without_card_numbers(text: str) -> str:
    """`text` with every card number masked."""
    return _ID_OR_NUMBER.sub(lambda match: MASK if _is_card_number(match) else match.group(), text)


def _is_card_number(match: re.Match[str]) -> bool:
    if match["number"] is None:
        return False
    digits = [int(character) for character in reversed(match["number"]) if character.isdigit()]
    doubled = (sum(divmod(digit * 2, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
