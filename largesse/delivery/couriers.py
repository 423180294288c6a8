"""The courier of a worker process: everything that distributions send goes through it."""

from typing import Final, Self
from urllib.parse import quote

from largesse.actions.courier import REFUSED, Delivery, Mail, Post
from largesse.delivery.mail import Mailer, NoMailer
from largesse.wire.assets import AssetTokens

UNSUBSCRIBE: Final = "/unsubscribe/"


class PostalCourier:
    """An async context manager: it owns connections."""

    def __init__(self, tokens: AssetTokens, public_url: str, *, smtp_url: str | None) -> None:
        self._tokens = tokens
        self._base = public_url.rstrip("/") + UNSUBSCRIBE
        self._mailer: Mailer | NoMailer = NoMailer() if smtp_url is None else Mailer(smtp_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._mailer.close()

    async def mail(self, mail: Mail) -> Delivery:
        return await self._mailer.send(mail)

    async def post(self, post: Post) -> Delivery:  # noqa: ARG002
        return Delivery(REFUSED, "Not built yet")

    def unsubscribe_url(self, project_id: int, channel: str, customer_id: str) -> str:
        token = self._tokens.token("unsubscribe", project_id, f"{channel}:{customer_id}")
        return self._base + quote(token, safe="")
