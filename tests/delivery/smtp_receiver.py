"""A real SMTP server in this process, whose log is the witness."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Receiver:
    """`answers` says by recipient what is answered to RCPT (a text), and by `data` to the message itself: a text, or
    "drop" to close the connection instead of an answer.
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.contents: list[bytes] = []
        self.recipients: Counter[str] = Counter()
        self.answers: dict[str, str] = {}
        self.data: dict[str, str] = {}
        self.logins: list[str] = []
        self.encrypted: list[bool] = []
        self.sessions: set[int] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        [recipient] = envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        self.sessions.add(id(session))
        answer = self.data.get(recipient, "250 kept")
        if answer == "drop":
            self.recipients[recipient] += 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "250 nobody hears this"
        if answer.startswith("2"):
            self.recipients[recipient] += 1
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.contents.append(content)
        return answer

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == b"pass word")


@contextlib.contextmanager
def serving(receiver: Receiver, **options: Any) -> Iterator[str]:
    """Its host and port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(receiver, hostname="127.0.0.1", port=port, server_hostname="test", **options)
    controller.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        controller.stop()


async def until(true: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
