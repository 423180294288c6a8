"""E-mail to a real SMTP server: what arrives, and what is said of what doesn't."""

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from largesse.actions.courier import ACCEPTED, REFUSED, UNKNOWN, UNREACHED, Mail
from largesse.delivery.mail import Mailer, compose
from tests.delivery.smtp_receiver import Receiver, serving


def mail(recipient: str = "ann@example.com", **fields: Any) -> Mail:
    return Mail(
        **{
            "id": "msg_1",
            "sender": "shop@example.com",
            "sender_name": "The Shöp",
            "reply_to": None,
            "recipient": recipient,
            "subject": "Grüße",
            "html": None,
            "text": "Your code: X-1",
            "unsubscribe_url": "http://api.test/unsubscribe/abc",
        }
        | fields
    )


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def address(receiver: Receiver) -> Iterator[str]:
    with serving(receiver) as address:
        yield address


@pytest.fixture
async def mailer(address: str) -> AsyncIterator[Mailer]:
    mailer = Mailer(f"smtp://{address}")
    yield mailer
    await mailer.close()


async def test_a_message_arrives_as_it_was_meant(mailer, receiver):
    html = '<p>Hi <img src="cid:qr"></p>'
    delivery = await mailer.send(mail(html=html, picture=b"\x89PNG..."))
    assert (delivery.result, delivery.receipt) == (ACCEPTED, "kept")
    [found] = receiver.messages
    assert found["Subject"] == "Grüße"
    assert found["From"] == "The Shöp <shop@example.com>"
    assert found["Message-ID"] == "<msg_1@example.com>"
    assert found["List-Unsubscribe"] == "<http://api.test/unsubscribe/abc>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, rich = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert rich is not None
    assert plain.get_content().strip() == "Your code: X-1"
    assert "cid:qr" in rich.get_content()
    [picture] = [part for part in found.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_payload(decode=True)) == ("<qr>", b"\x89PNG...")
    assert picture.get_content_disposition() == "inline"  # not in the list of attachments


async def test_html_alone_with_its_picture(mailer, receiver):
    await mailer.send(mail(html='<img src="cid:qr">', text=None, picture=b"png"))
    [found] = receiver.messages
    assert found.get_content_type() == "multipart/related"


@pytest.mark.parametrize(
    ("code", "result", "again"),
    [("450 busy", REFUSED, True), ("421 later", REFUSED, True), ("550 no such user", REFUSED, False)],
)
async def test_a_refused_recipient_is_told_from_one_that_may_pass(mailer, receiver, code, result, again):
    receiver.answers["bad@example.com"] = code
    delivery = await mailer.send(mail("bad@example.com"))
    assert (delivery.result, delivery.again, delivery.receipt) == (result, again, code)
    assert (await mailer.send(mail())).result == ACCEPTED
    assert receiver.recipients == {"ann@example.com": 1}


@pytest.mark.parametrize(("code", "again"), [("452 full", True), ("554 spam", False)])
async def test_a_refused_message(mailer, receiver, code, again):
    receiver.data["ann@example.com"] = code
    delivery = await mailer.send(mail())
    assert (delivery.result, delivery.again, delivery.receipt) == (REFUSED, again, code)


async def test_a_connection_that_ends_after_the_message_leaves_it_unknown(mailer, receiver):
    receiver.data["ann@example.com"] = "drop"
    assert (await mailer.send(mail())).result == UNKNOWN
    assert receiver.recipients == {"ann@example.com": 1}
    assert (await mailer.send(mail("bob@example.com"))).result == ACCEPTED


async def test_nobody_there_is_surely_not_sent():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        mailer = Mailer(f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        assert (await mailer.send(mail())).result == UNREACHED


async def test_connections_are_used_again_and_replaced_when_the_server_closed_them(receiver):
    mailer = Mailer("smtp://127.0.0.1:1")
    with serving(receiver) as address:
        mailer = Mailer(f"smtp://{address}")
        for _ in range(3):
            await mailer.send(mail())
        assert len(receiver.sessions) == 1
    other = Receiver()
    with serving(other) as address:
        mailer._port = int(address.rpartition(":")[2])
        assert (await mailer.send(mail())).result == ACCEPTED
    await mailer.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file that a client trusts it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    trusted = folder / "trusted.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    whole = folder / "key.pem"
    whole.write_bytes(
        trusted.read_bytes()
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    return context, trusted


class TestEncrypted:
    @pytest.fixture
    def url(self, receiver, certificate, monkeypatch) -> Iterator[str]:
        context, trusted = certificate
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        options = {"authenticator": receiver.authenticate, "auth_require_tls": True}
        with serving(receiver, tls_context=context, require_starttls=True, **options) as address:
            yield f"smtp+starttls://me:pass%20word@localhost:{address.rpartition(':')[2]}"

    async def test_starttls_and_login(self, url, receiver):
        mailer = Mailer(url)
        assert (await mailer.send(mail())).result == ACCEPTED
        await mailer.close()
        assert (receiver.encrypted, receiver.logins) == ([True], ["me"])

    async def test_closing_hangs_up_at_once(self, url):
        mailer = Mailer(url)
        await mailer.send(mail())
        ((client, _),) = mailer._idle
        connection = client.get_transport_info("socket")
        assert connection.fileno() > 0
        await mailer.close()
        await asyncio.sleep(0)  # a turn of the loop: no time for an answer
        assert connection.fileno() == -1

    async def test_a_wrong_password_is_no_recipients_fault(self, url, receiver, monkeypatch):
        monkeypatch.setattr(
            "largesse.delivery.mail.CONNECT_S", 2.0
        )  # this server says nothing more after the second try
        delivery = await Mailer(url.replace("pass%20word", "wrong")).send(mail())
        assert delivery.result == UNREACHED
        assert receiver.messages == []

    async def test_a_certificate_that_nobody_trusts_gets_no_password(self, url, receiver, monkeypatch):
        monkeypatch.delenv("SSL_CERT_FILE")
        assert (await Mailer(url).send(mail())).result == UNREACHED
        assert receiver.logins == []

    async def test_a_password_is_never_sent_in_the_clear(self, address, receiver):
        delivery = await Mailer(f"smtp://me:secret@{address}").send(mail())
        assert delivery.result != ACCEPTED
        assert receiver.logins == []


def test_the_link_stands_as_it_is_however_long():
    url = "https://largesse.example/unsubscribe/" + "x%2B" * 60
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in compose(mail(unsubscribe_url=url))


def test_no_line_is_longer_than_mail_allows():
    content = compose(mail(text="word " * 2_000, html="x" * 20_000, subject="ü" * 900))
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


@pytest.mark.parametrize("field", ["subject", "recipient", "sender_name", "reply_to"])
def test_no_header_can_smuggle_in_another_one(field):
    with pytest.raises(ValueError, match=r"no header can have|is not an e-mail address"):
        compose(mail(**{field: "x@y.z\r\nBcc: evil@example.com"}))
