import pytest

from insure_common.mail import Attachment, send_mail


def test_mail_arrives_as_text_and_html_with_its_attachment(mailbox):
    file = Attachment(filename="recibo ñ.pdf", content=b"%PDF-1.7", content_type="application/pdf")
    send_mail(template="project/hello", to="ana@example.com", context={"name": "Ana & Luis"}, attachments=[file])
    (message,) = mailbox.messages(to="ana@example.com")
    assert message["subject"] == "Hola Ana & Luis"
    assert message["text"].strip() == "Hola Ana & Luis."
    assert "Hola Ana &amp; Luis." in message["html"]
    assert message["attachments"] == [{"filename": "recibo ñ.pdf", "content_type": "application/pdf"}]


@pytest.mark.parametrize(
    "address", ["a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com", "Ana <a@example.com>", "", "a"]
)
def test_only_one_plain_address_is_a_recipient(mailbox, address):
    with pytest.raises(ValueError, match="not one e-mail address"):
        send_mail(template="project/hello", to=address, context={"name": "x"})
    assert mailbox.messages() == []


def test_line_breaks_in_a_subject_cannot_add_headers(mailbox):
    send_mail(template="project/hello", to="ana@example.com", context={"name": "A\r\nBcc: b@example.com"})
    (message,) = mailbox.messages()
    assert message["subject"] == "Hola A Bcc: b@example.com"
