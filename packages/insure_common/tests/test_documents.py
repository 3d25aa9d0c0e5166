"""Nothing in a text can change how a document looks."""

import pytest

from insure_common.documents.text import drawable, plain


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("<b>Ñ & ñ</b>", "&lt;b&gt;Ñ &amp; ñ&lt;/b&gt;"),
        ("a\x00b\u202ec\u200bd\ne", "abcde"),
        ("漢字", "??"),
    ],
)
def test_text_in_a_document_is_literal(text, drawn):
    assert plain(text) == drawn


def test_text_in_a_document_is_bounded():
    assert len(plain("x" * 200_000)) == 160


def test_what_a_canvas_draws_needs_no_escapes():
    assert drawable("Ñ & ñ\u202e") == "Ñ & ñ"
