"""What carries messages out of the building, as actions see it: made by the composition root (delivery is above)."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"
UNREACHED: Final = "unreached"
UNKNOWN: Final = "unknown"


class Delivery(NamedTuple):
    """What came of one message. `result`: accepted; refused (`again`: it may be accepted later); unreached, so surely
    not received; unknown, so it may have been. `receipt`: what the other side said. `gone`: it wants nothing any more.
    """

    result: str
    receipt: str | None = None
    again: bool = False
    retry_after_s: float | None = None
    gone: bool = False


class Mail(NamedTuple):
    """One e-mail to one person, rendered. `picture`: a PNG that the HTML shows as cid:qr."""

    id: str
    sender: str
    sender_name: str | None
    reply_to: str | None
    recipient: str
    subject: str
    html: str | None
    text: str | None
    unsubscribe_url: str | None
    picture: bytes | None = None


class Post(NamedTuple):
    """One request to somebody's server, rendered."""

    id: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    secrets: Sequence[str] = ()  # to sign it with


class Courier(Protocol):
    """Never raises for what the other side does. `unable`: why nothing at all can be sent through a channel here."""

    def unable(self, channel: str) -> str | None: ...
    async def mail(self, mail: Mail) -> Delivery: ...
    async def post(self, post: Post) -> Delivery: ...
    def unsubscribe_url(self, project_id: int, channel: str, customer_id: str) -> str: ...
