"""The courier of a worker process: everything that distributions send goes through it."""

import time
from typing import Final, Self
from urllib.parse import quote

from largesse.actions.courier import ACCEPTED, REFUSED, UNKNOWN, UNREACHED, Delivery, Mail, Post
from largesse.delivery.mail import NO_SERVER, Mailer, NoMailer
from largesse.delivery.posting import Poster, Result
from largesse.delivery.signatures import signed_headers
from largesse.domain.distributions import EMAIL
from largesse.domain.webhooks import GONE
from largesse.wire.assets import AssetTokens

UNSUBSCRIBE: Final = "/unsubscribe/"
_LATER: Final = frozenset({425, 429, 503})
"""Statuses of a server that may do it later: it has said that it didn't."""
_TIMED_OUT: Final = 408
_SERVER_ERRORS: Final = 500
"""Others of the server's own faults, or of a proxy before it, leave open whether it did."""
_RESULTS: Final = {
    Result.ACCEPTED: ACCEPTED,
    Result.REFUSED: REFUSED,
    Result.UNREACHED: UNREACHED,
    Result.UNKNOWN: UNKNOWN,
}


class PostalCourier:
    """An async context manager: it owns connections to the mail server. The poster's are its owner's."""

    def __init__(self, tokens: AssetTokens, public_url: str, *, smtp_url: str | None, poster: Poster) -> None:
        self._poster = poster
        self._tokens = tokens
        self._base = public_url.rstrip("/") + UNSUBSCRIBE
        self._mailer: Mailer | NoMailer = NoMailer() if smtp_url is None else Mailer(smtp_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._mailer.close()

    def unable(self, channel: str) -> str | None:
        return NO_SERVER if channel == EMAIL and isinstance(self._mailer, NoMailer) else None

    async def mail(self, mail: Mail) -> Delivery:
        return await self._mailer.send(mail)

    async def post(self, post: Post) -> Delivery:
        headers = dict(post.headers)
        if post.secrets:
            headers |= signed_headers(post.secrets, post.id, int(time.time()), post.body)
        outcome = await self._poster.post(post.url, post.body, headers)
        said = outcome.reason if outcome.status is None else f"{outcome.status} {outcome.body}"
        status = outcome.status or 0
        later = status in _LATER
        is_open = not later and (status == _TIMED_OUT or status >= _SERVER_ERRORS)
        result = UNKNOWN if is_open else _RESULTS[outcome.result]
        return Delivery(result, said, later, outcome.retry_after_s, gone=status == GONE)

    def unsubscribe_url(self, project_id: int, channel: str, customer_id: str) -> str:
        token = self._tokens.token("unsubscribe", project_id, f"{channel}:{customer_id}")
        return self._base + quote(token, safe="")
