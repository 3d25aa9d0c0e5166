"""QR codes from ReportLab's encoder, without its price.

It takes longer for one code than the rest of a receipt does. But a symbol is linear: error correction, places and mask
only exclude bits from one another (XOR), so the symbol of a text is that of an empty text of its length, changed by
what each of its set bits changes. There are eight times as many of them as the text is long, and they are kept.
"""

from functools import cache

from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel

MASK = 0
"""Readers take any of the eight."""
BITS = tuple(1 << number for number in range(8))


def qr_rows(text: str) -> list[str]:
    """The symbol, row by row: 1 is a dark module. Error correction M."""
    content = text.encode()
    symbol, side = _empty(len(content))
    for place, byte in enumerate(content):
        for bit in BITS:
            if byte & bit:
                symbol ^= _change(len(content), place, bit)
    digits = f"{symbol:0{side * side}b}"
    return [digits[start : start + side] for start in range(0, side * side, side)]


@cache
def _empty(length: int) -> tuple[int, int]:
    return _encoded(bytes(length))


@cache
def _change(length: int, place: int, bit: int) -> int:
    content = bytearray(length)
    content[place] = bit
    return _encoded(bytes(content))[0] ^ _empty(length)[0]


def _encoded(content: bytes) -> tuple[int, int]:
    """The symbol as one number, whose highest bit is the module at the upper left, and how many modules a side has."""
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(QR8bitByte(content))
    code.version = code.calculate_version()  # type: ignore[no-untyped-call] # not typed in its stubs
    code.makeImpl(False, MASK)
    digits = "".join("1" if is_dark else "0" for row in code.modules for is_dark in row)
    return int(digits, 2), code.moduleCount
