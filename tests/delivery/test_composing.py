"""Mails as they arrive at a real SMTP server: they say what was meant, in lines as the standards want them."""

import asyncio
import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from largesse.actions.courier import ACCEPTED, REFUSED, Mail
from largesse.delivery.mail import Mailer, compose
from tests.delivery.smtp_receiver import Receiver, serving
from tests.delivery.test_mail import mail

LINE_MAX: Final = 78
_ENCODED_WORD: Final = re.compile(rb"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")
_NASTY: Final = "ü,;<>@()[]\\\"'=?_:. é漢😀ß"
_LETTERS: Final = st.characters(exclude_categories=("C", "Zl", "Zp", "Zs")) | st.sampled_from(_NASTY)
NAMES: Final = st.text(_LETTERS, min_size=1, max_size=255).map(str.strip).filter(bool)
SUBJECTS: Final = st.lists(st.text(_LETTERS, min_size=1, max_size=120), max_size=12).map(
    lambda words: " ".join(" ".join(words).split())[:900].strip()
)
BODIES: Final = st.lists(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.sampled_from(_NASTY), max_size=200)
    | st.text("aü .=", min_size=900, max_size=1_100),
    max_size=8,
).map("\n".join)
LOCALS: Final = st.from_regex(r"[a-zA-Z0-9!#$%&\'*+/=?^_`{|}~-]{1,64}", fullmatch=True)
DOMAINS: Final = st.sampled_from(
    ["example.com", "bücher.example", "例え.テスト", "xn--bcher-kva.example", "a" * 60 + ".example"]
)


def ascii_of(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"


def check_lines(content: bytes, *unfoldable: str) -> None:
    whole, _, _ = content.partition(b"\r\n\r\n")
    for line in content.split(b"\r\n"):
        assert len(line) <= LINE_MAX or any(one.encode() in line for one in unfoldable), line
    assert content.isascii()
    assert all(len(word) <= 75 for word in _ENCODED_WORD.findall(whole))


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n").removesuffix("\n")


def sender_of(message: EmailMessage, content: bytes) -> tuple[str, str]:
    """The one mailbox in From. Of a name in several encoded words the newer parser puts spaces between them, against the
    standard; the older one doesn't, so that one reads the name.
    """
    [sender] = message["From"].addresses
    older = message_from_bytes(content)["From"].replace("\r\n", "")
    name, address = parseaddr(older)
    assert address == sender.addr_spec
    decoded = str(make_header(decode_header(name)))
    if "?= =?" not in older:
        assert decoded == sender.display_name
    return decoded, address


def test_what_arrives_is_what_was_sent():
    receiver = Receiver()

    async def send(address: str, letter: Mail) -> None:
        mailer = Mailer(f"smtp://{address}")
        try:
            assert (await mailer.send(letter)).result == ACCEPTED
        finally:
            await mailer.close()

    with serving(receiver) as address:

        @settings(max_examples=60, deadline=None)
        @given(NAMES, SUBJECTS, BODIES, BODIES, LOCALS, DOMAINS)
        def arrives(name: str, subject: str, text: str, html: str, local: str, domain: str) -> None:
            letter = mail(f"{local}@{domain}", sender=f"shop@{domain}", sender_name=name, subject=subject, text=text,
                          html=html, reply_to=f"r@{domain}")  # fmt: skip
            asyncio.run(send(address, letter))
            found, content = receiver.messages[-1], receiver.contents[-1]
            check_lines(
                content, f"To: {ascii_of(letter.recipient)}", f"Reply-To: r@{domain}", f"Message-ID: <{letter.id}@"
            )
            assert sender_of(found, content) == (name, ascii_of(letter.sender))
            assert [one.addr_spec for one in found["To"].addresses] == [ascii_of(letter.recipient)]
            assert [one.addr_spec for one in found["Reply-To"].addresses] == [ascii_of(f"r@{domain}")]
            assert found["Subject"] == subject
            assert (text_of(found, "plain"), text_of(found, "html")) == (
                text.removesuffix("\n"),
                html.removesuffix("\n"),
            )

        arrives()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Müller, Söhne", {}),
        ("Müller <boss@evil.example>, Söhne", {}),
        ("Smith, Jones", {}),
        ('A "B" C', {}),
        ("ü" * 255, {}),
        ("x" * 255, {}),
        ("Plain", {"sender": "a" * 64 + "@" + "b" * 60 + "." + "c" * 60 + ".example"}),
        ("=?utf-8?q?evil?=", {}),
        ("The Shop", {"unsubscribe_url": "https://shop.example/unsubscribe/" + "a" * 300}),
        ("The Shop", {"id": "msg_" + "0" * 90}),
    ],
)
def test_names_and_addresses_keep_their_places(name, fields):
    receiver = Receiver()
    letter = mail(sender_name=name, **fields)
    with serving(receiver) as address:
        assert asyncio.run(_sent(address, letter)) == ACCEPTED
    [found], [content] = receiver.messages, receiver.contents
    assert sender_of(found, content) == (name, letter.sender)
    assert found["List-Unsubscribe"].strip() == f"<{letter.unsubscribe_url}>"
    assert found["Message-ID"].strip() == f"<{letter.id}@{letter.sender.rpartition('@')[2]}>"
    check_lines(content, letter.sender, str(letter.unsubscribe_url), letter.id)


async def _sent(address: str, letter: Mail) -> str:
    mailer = Mailer(f"smtp://{address}")
    try:
        return (await mailer.send(letter)).result
    finally:
        await mailer.close()


@pytest.mark.parametrize("letters", [990, 991, 5_000])
@pytest.mark.parametrize("letter", ["ü", "a", "漢"])
def test_long_lines_are_encoded_in_short_ones(letter, letters):
    body = compose(mail(text=letter * letters, html=f"<p>{letter * letters}</p>"))
    assert max(len(line) for line in body.split(b"\r\n")) <= LINE_MAX


@pytest.mark.parametrize(
    "fields",
    [
        {"recipient": "a@b.example\r\nBcc: x@y.example"},
        {"recipient": "a@b.example, c@d.example"},
        {"sender": "sh\u00f6p@example.com"},
        {"unsubscribe_url": "https://a.example/\r\nBcc: x@y.example"},
        {"subject": "Hi\r\nBcc: x@y.example"},
        {"sender_name": "Hi\nBcc: x@y.example"},
        {"id": "x>\r\nBcc: x@y.example"},
    ],
)
def test_what_no_header_can_hold_is_refused_and_not_sent(fields: dict[str, Any]):
    delivery = asyncio.run(Mailer("smtp://127.0.0.1:1").send(mail(**fields)))
    assert delivery.result == REFUSED
