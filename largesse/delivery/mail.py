"""E-mail over SMTP: one conversation at a time on each connection, and for each message what surely happened.

What was refused before the message was handed over, or refused then, was surely not sent. When the connection ends
after that and before the server's answer, nobody knows.
"""

import asyncio
import contextlib
import re
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime, localtime, quote
from textwrap import wrap
from typing import Final, cast
from urllib.parse import unquote, urlsplit

import aiosmtplib

from largesse.actions.courier import ACCEPTED, REFUSED, UNKNOWN, UNREACHED, Delivery, Mail
from largesse.domain.contacts import mail_address
from largesse.wire.images import MEDIA_TYPES

CONNECT_S: Final = 15.0
ANSWER_S: Final = 60.0
"""Servers look at a message before they accept it."""
IDLE_MAX: Final = 8
"""Connections that are kept for the next message."""
MESSAGES_MAX: Final = 100
"""On one connection: many servers end a longer one."""
NO_SERVER: Final = "No SMTP server is set: LARGESSE_SMTP_URL"
_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
_TRANSIENT: Final = range(400, 500)
_PICTURE_ID: Final = "qr"
LINE_MAX: Final = 78
_ENCODED_MAX: Final = 75
_WORD_MAX: Final = 60
_FOLD: Final = "\r\n "
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*", re.ASCII)
_QUOTABLE: Final = re.compile(r"(?!.*=\?)[!-~](?:[ -~]{0,58}[!-~])?", re.ASCII)
# Encoded lines are 76 characters long. 7bit: not every server says that it takes 8 bits.
_POLICY: Final = POLICY.clone(max_line_length=76, cte_type="7bit")


class Mailer:
    """Sends through one server. `url`: smtp://, smtp+starttls:// or smtps://, perhaps with user and password.

    With plain smtp:// a server that offers STARTTLS is taken at its word; with a password, encryption is a must.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = None if parts.username is None else unquote(parts.username)
        self._password = None if parts.password is None else unquote(parts.password)
        self._idle: list[tuple[aiosmtplib.SMTP, int]] = []

    async def close(self) -> None:
        while self._idle:
            client, _ = self._idle.pop()
            _hang_up(client)

    async def send(self, mail: Mail) -> Delivery:
        """Never raises for what the server does."""
        try:
            content = compose(mail)
        except ValueError as error:
            return Delivery(REFUSED, _words(error))
        if self._idle:
            client, sent = self._idle.pop()
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                return await self._use(client, sent, mail, content)
            # Nothing was handed over: the server had closed an idle connection, and a new one tells.
        try:
            client = await self._connect()
            return await self._use(client, 0, mail, content)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            return Delivery(UNREACHED, _words(error))  # a wrong password too: that is no recipient's fault

    async def _use(self, client: aiosmtplib.SMTP, sent: int, mail: Mail, content: bytes) -> Delivery:
        try:
            delivery = await self._converse(client, mail, content)
        except BaseException:
            _hang_up(client)
            raise
        await self._keep(client, sent + 1)
        return delivery

    async def _connect(self) -> aiosmtplib.SMTP:
        must_encrypt = self._scheme == "smtp+starttls" or (self._scheme == "smtp" and self._password is not None)
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._scheme == "smtps",
            start_tls=None if self._scheme == "smtp" and not must_encrypt else must_encrypt,
            timeout=CONNECT_S,
        )
        try:
            await client.connect()
            if self._user is not None:
                await client.login(self._user, self._password or "")
        except BaseException:
            _hang_up(client)
            raise
        return client

    async def _converse(self, client: aiosmtplib.SMTP, mail: Mail, content: bytes) -> Delivery:
        """Raises SMTPException and OSError for a connection that ends while nothing was handed over."""
        try:
            await client.mail(_address(mail.sender), timeout=CONNECT_S)
            await client.rcpt(_address(mail.recipient), timeout=CONNECT_S)
        except aiosmtplib.SMTPResponseException as error:
            return _refused(error) or Delivery(UNREACHED, _words(error))
        try:
            answer = await client.data(content, timeout=ANSWER_S)
        except aiosmtplib.SMTPResponseException as error:
            refused = _refused(error)
            if refused is not None:
                return refused
            _hang_up(client)
            return Delivery(UNKNOWN, _words(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            _hang_up(client)
            return Delivery(UNKNOWN, _words(error))
        return Delivery(ACCEPTED, answer.message)

    async def _keep(self, client: aiosmtplib.SMTP, sent: int) -> None:
        if not client.is_connected:
            return
        if sent >= MESSAGES_MAX or len(self._idle) >= IDLE_MAX:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1)
            _hang_up(client)
            return
        try:
            await client.rset(timeout=CONNECT_S)
        except (aiosmtplib.SMTPException, OSError):
            _hang_up(client)
            return
        self._idle.append((client, sent))


def _hang_up(client: aiosmtplib.SMTP) -> None:
    """At once. Over TLS a closed transport says goodbye and waits for an answer, for longer than its loop may live."""
    if client.transport is not None:
        cast("asyncio.Transport", client.transport).abort()
    client.close()


def _refused(error: BaseException) -> Delivery | None:
    """What a server said in so many words; None when it said nothing that can be understood."""
    code = getattr(error, "code", -1)
    if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= code < 600:  # noqa: PLR2004 - SMTP's classes
        return Delivery(REFUSED, f"{code} {error.message}", again=code in _TRANSIENT)
    return None


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def compose(mail: Mail) -> bytes:
    """The message as bytes: no line is longer than 78 characters, except for an address or a link: nothing folds those.

    The library folds what it can't fold by encoding it, addresses and links too, and takes a name apart at its comma.
    So the headers are written here, and only the body and its own headers by the library.
    """
    sender, recipient, reply_to = (_address(one) for one in (mail.sender, mail.recipient, mail.reply_to or mail.sender))
    headers = [
        ("From", _mailbox(mail.sender_name, sender)),
        ("To", recipient),
        *([("Reply-To", reply_to)] if mail.reply_to else []),
        ("Subject", _folded(mail.subject, "Subject")),
        ("Date", format_datetime(localtime())),
        ("Message-ID", f"<{mail.id}@{sender.rpartition('@')[2]}>"),
    ]
    if mail.unsubscribe_url is not None:
        headers.append(("List-Unsubscribe", f"<{mail.unsubscribe_url}>"))
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    headers.append(("Auto-Submitted", "auto-generated"))
    return b"".join(_line(name, value) for name, value in headers) + _body(mail).as_bytes()


def _line(name: str, value: str) -> bytes:
    """Raises ValueError for a value that would end the header: none can smuggle in another one."""
    unfolded = value.replace("\r\n ", "")
    if not unfolded.isascii() or not unfolded.isprintable():
        raise ValueError(f"{name} has a character that no header can have")
    return f"{name}: {value}\r\n".encode("ascii")


def _address(text: str) -> str:
    """Raises ValueError."""
    if (address := mail_address(text)) is None:
        raise ValueError(f"{text!r} is not an e-mail address")
    return address


def _mailbox(name: str | None, address: str) -> str:
    """The name can't change the address: whatever else than plain words is in it, is encoded or quoted."""
    if not name or not name.strip():
        return address
    quotable = _QUOTABLE.fullmatch(name) and not _PLAIN_NAME.fullmatch(name)
    words = f'"{quote(name)}"' if quotable else _folded(name, "From")
    last = words.rpartition("\r\n")[2]
    one_line = len("From: ") + len(last) + len(address) + 3 <= LINE_MAX
    return f"{words}{' ' if one_line else _FOLD}<{address}>"


def _folded(text: str, header: str) -> str:
    """Words as they are where that is possible, otherwise as encoded words of up to 75 characters."""
    if not text:
        return ""
    if any(letter in text for letter in "\r\n\0"):
        raise ValueError(f"{header} has a character that no header can have")
    plain = text.isascii() and text.isprintable() and text == " ".join(text.split(" ")).strip() and "  " not in text
    if plain and "=?" not in text and all(len(word) <= _WORD_MAX for word in text.split(" ")):
        lines = wrap(f"{header}: {text}", _ENCODED_MAX, break_long_words=False, break_on_hyphens=False)
        return _FOLD.join(lines).removeprefix(f"{header}: ")
    return Header(text, "utf-8", maxlinelen=_ENCODED_MAX, header_name=header).encode(linesep="\r\n")


def _body(mail: Mail) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    if mail.text is not None or mail.html is None:
        message.set_content(mail.text or "")
    if mail.html is not None:
        if mail.text is None:
            message.set_content(mail.html, subtype="html")
        else:
            message.add_alternative(mail.html, subtype="html")
        if mail.picture is not None:
            maintype, _, subtype = MEDIA_TYPES["png"].partition("/")
            part = message if mail.text is None else list(message.iter_parts())[1]
            cid = f"<{_PICTURE_ID}>"
            part.add_related(mail.picture, maintype, subtype, cid=cid, filename="qr.png", disposition="inline")
    return message


class NoMailer:
    """Where no server is set. Whoever asks before sends nothing."""

    async def send(self, mail: Mail) -> Delivery:  # noqa: ARG002
        return Delivery(UNREACHED, NO_SERVER)

    async def close(self) -> None:
        await asyncio.sleep(0)
