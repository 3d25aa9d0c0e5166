"""Nothing in a text can change how a document looks."""

import pytest

from insure_common.documents.text import drawable


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("<b>Ñ & ñ</b>", "<b>Ñ & ñ</b>"),
        ("a\x00b\u202ec\u200bd\ne", "abcde"),
        ("漢字", "??"),
    ],
)
def test_text_in_a_document_is_literal(text, drawn):
    assert drawable(text) == drawn


def test_text_in_a_document_is_bounded():
    assert len(drawable("x" * 200_000)) == 160
