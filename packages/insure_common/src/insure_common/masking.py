"""What stands for personal data before those who may see that there are some, and not which."""


def masked_name(name: str) -> str:
    """`A*** P***`."""
    return " ".join(f"{word[:1]}***" for word in name.split())


def masked_email(email: str) -> str:
    """`a***@example.com`."""
    local, _at, domain = email.partition("@")
    return f"{local[:1]}***@{domain}" if domain else ""


def masked_document(number: str) -> str:
    """All but the last four characters replaced: `******1234`; short ones are replaced entirely."""
    return _masked_but_tail(number, visible=4)


def masked_phone(number: str) -> str:
    """All but the last two digits replaced."""
    return _masked_but_tail(number, visible=2)


def masked_entirely(text: str) -> str:
    """Only the length is told."""
    return "*" * len(text)


def _masked_but_tail(text: str, *, visible: int) -> str:
    if len(text) <= visible:
        return masked_entirely(text)
    return "*" * (len(text) - visible) + text[-visible:]
