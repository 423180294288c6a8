"""What the messages of a distribution say to each recipient: their templates, filled in."""

import asyncio
import secrets
import time
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from largesse.actions.courier import ACCEPTED, Courier, Delivery, Mail, Post
from largesse.actions.scope import Scope
from largesse.domain.campaigns import Campaign
from largesse.domain.distributions import (
    CODE_DISABLED,
    CODE_EXPIRED,
    CODE_GONE,
    CSV,
    CUSTOMER_GONE,
    EMAIL,
    NO_EMAIL,
    NO_PHONE,
    SMS,
    SUPPRESSED,
    WEBHOOK,
    Distribution,
    Message,
)
from largesse.domain.webhooks import SECRET_BYTES, secret_of, secrets_in_force
from largesse.store import campaigns
from largesse.store import distribution_messages as messages
from largesse.store.webhooks import ensure_secret, get_secret
from largesse.wire.distributions import is_address, may_be_sent, simple_distribution
from largesse.wire.events import frozen_publication, simple_campaign, simple_customer, simple_voucher
from largesse.wire.faults import Fault
from largesse.wire.images import render_image
from largesse.wire.templates import render_template
from largesse.wire.webhooks import envelope

PICTURE: Final = "cid:qr"
QR_MODULE_PIXELS: Final = 8
SUBJECT_LENGTH_MAX: Final = 900
EVENT_NAME: Final = "MANUAL_DISTRIBUTION_SCHEDULE"
"""Of a webhook whose distribution names no other."""
SAMPLE_CODE: Final = "SAMPLE-CODE"
"""Stands for a code that nobody has, where a message is only shown."""
_PERSONAL: Final = ("id", "source_id", "name", "email", "phone", "description", "birthday", "birthdate", "metadata")


class NotRendered(msgspec.Struct, frozen=True):
    """There is nothing to send, for this reason."""

    reason: str


class Letter(Protocol):
    """A message to one person, rendered."""

    async def send(self, courier: Courier) -> Delivery: ...
    def shown(self) -> dict[str, Any]: ...


class MailLetter(msgspec.Struct, frozen=True):
    mail: Mail
    qr_of: str | None = None

    async def send(self, courier: Courier) -> Delivery:
        mail = self.mail
        if self.qr_of is not None:
            picture = await asyncio.to_thread(render_image, "qr", self.qr_of, QR_MODULE_PIXELS, "png")
            mail = mail._replace(picture=picture)
        return await courier.mail(mail)

    def shown(self) -> dict[str, Any]:
        names = ("recipient", "subject", "html", "text", "unsubscribe_url")
        return {name: getattr(self.mail, name) for name in names}


class PostLetter(msgspec.Struct, frozen=True):
    post: Post

    @property
    def body(self) -> str:
        return self.post.body.decode()

    async def send(self, courier: Courier) -> Delivery:
        return await courier.post(self.post)

    def shown(self) -> dict[str, Any]:
        return {"url": self.post.url, "body": self.body}


class Line(msgspec.Struct, frozen=True):
    """Of the CSV file: there the recipient is reached as soon as it is written down."""

    async def send(self, _courier: Courier) -> Delivery:
        return Delivery(ACCEPTED)

    def shown(self) -> dict[str, Any]:
        return {}


Written = tuple[Message, "Letter | NotRendered"]


class Materials(msgspec.Struct, frozen=True):
    """What the messages of a distribution are made of. `known`: customers and publications by id."""

    distribution: Distribution
    project_id: str
    known: dict[str, Any]
    campaigns: dict[str, Campaign | None]
    links: dict[str, str]  # by message, to unsubscribe
    signers: list[str]
    now: datetime


async def letters_of(
    scope: Scope, distribution: Distribution, ready: list[Message], courier: Courier, limit_s: float
) -> list[Written]:
    """The messages, with what they say: as many as can be written in that time, which templates take beside the event
    loop. At least one.
    """
    if not ready:
        return []
    publication_ids = sorted({one.publication_id for one in ready if one.publication_id is not None})
    known = await messages.materials(
        scope.connection, scope.project.id, sorted({one.customer_id for one in ready}), publication_ids
    )
    campaign_ids = {known[id_]["publication"]["campaign_id"] for id_ in publication_ids if id_ in known} - {None}
    materials = Materials(
        distribution,
        scope.project.public_id,
        known,
        {id_: await campaigns.get_campaign(scope.connection, scope.project.id, id_) for id_ in sorted(campaign_ids)},
        {one.id: courier.unsubscribe_url(scope.project.id, one.channel, one.customer_id) for one in ready},
        await _signers(scope, ready),
        datetime.now(UTC),
    )
    return await asyncio.to_thread(_write_all, materials, ready, limit_s)


def _write_all(materials: Materials, ready: list[Message], limit_s: float) -> list[Written]:
    until = time.monotonic() + limit_s
    out: list[Written] = []
    for message in ready:
        out.append((message, _write_one(materials, message)))
        if time.monotonic() > until:
            break
    return out


def _write_one(materials: Materials, message: Message) -> Letter | NotRendered:
    distribution = materials.distribution
    customer = materials.known.get(message.customer_id)
    if customer is None:
        return NotRendered(CUSTOMER_GONE)
    if message.channel in customer["suppressed"]:  # since he was chosen
        return NotRendered(SUPPRESSED)
    published = materials.known.get(message.publication_id or "", {})
    if (against := code_obstacle(published, distribution.id, materials.now)) is not None:
        return NotRendered(against)
    channel = distribution.channel(message.channel)
    assert channel is not None, "claimed by the channels that there are"
    if message.body is not None:
        return PostLetter(_post(channel, message.id, message.body.encode(), materials.signers))
    campaign = materials.campaigns.get(published.get("publication", {}).get("campaign_id", ""))
    vouchers = published.get("vouchers") or []
    values = (message.facts or {}) | values_of(distribution, customer, vouchers, campaign, materials.links[message.id])
    if channel["type"] != WEBHOOK:
        return write(channel, message.id, values, fallback=message.fallback)
    data = (message.facts or {}) | _told(distribution, customer, published)
    return _webhook(materials.project_id, channel, message, data, values, materials.signers)


def code_obstacle(published: dict[str, Any], holder: str, now: datetime) -> str | None:
    """What happened to the codes of a publication that makes them not worth sending; nothing for a plain message."""
    is_held = bool(published) and published["publication"]["result"] == "HELD"
    for voucher in (published or {}).get("vouchers") or []:
        if "id" not in voucher or voucher["deleted_at"] or (is_held and voucher["held_by"] != holder):
            return CODE_GONE
        if not voucher["active"]:
            return CODE_DISABLED
        if voucher["expiration_date"] and datetime.fromisoformat(voucher["expiration_date"]) <= now:
            return CODE_EXPIRED
    return None


def values_of(
    distribution: Distribution,
    customer: dict[str, Any],
    vouchers: list[dict[str, Any]],
    campaign: Campaign | None,
    unsubscribe_url: str,
) -> dict[str, Any]:
    """What a template can name."""
    out: dict[str, Any] = {
        "customer": {name: customer.get(name) for name in _PERSONAL} | {"address": customer.get("address") or {}},
        "distribution": {"id": distribution.id, "name": distribution.name},
        "unsubscribe_url": unsubscribe_url,
    }
    if campaign is not None:
        out["campaign"] = {"id": campaign.id, "name": campaign.name, "metadata": campaign.metadata}
    if vouchers:
        first = vouchers[0]
        out["voucher"] = {
            name: first.get(name) for name in ("code", "type", "discount", "start_date", "expiration_date", "metadata")
        } | {"qr": PICTURE, "amount": (first.get("amount") or 0) / 100}
        out["vouchers"] = [{"code": one["code"]} for one in vouchers]
    return out


def sample_voucher(campaign: Campaign) -> list[dict[str, Any]]:
    """What a voucher of the campaign would say of itself."""
    known = campaign.voucher
    return [{"code": SAMPLE_CODE, "type": known["type"], "discount": known.get("discount"), "metadata": {}}]


def preview(channel: dict[str, Any], id: str, values: dict[str, Any]) -> Letter | NotRendered:
    """A message that isn't sent."""
    if channel["type"] != WEBHOOK:
        return write(channel, id, values)
    if not channel.get("body"):
        told = {name: value for name, value in values.items() if name not in ("unsubscribe_url", "vouchers")}
        body = msgspec.json.encode({"id": id, "type": channel.get("event_name") or EVENT_NAME, "data": told})
        return PostLetter(_post(channel, id, body))
    try:
        return PostLetter(_post(channel, id, render_template(channel["body"], values).encode()))
    except Fault as fault:
        return NotRendered(str(fault))


def write(channel: dict[str, Any], id: str, values: dict[str, Any], *, fallback: bool = False) -> Letter | NotRendered:
    """The message of a channel to whom `values` is about."""
    try:
        if channel["type"] == EMAIL:
            return _mail(channel, id, values, fallback=fallback)
        if channel["type"] == SMS:
            return _sms(channel, id, values, fallback=fallback)
        assert channel["type"] == CSV
        return Line()
    except Fault as fault:
        return NotRendered(str(fault))


def _mail(channel: dict[str, Any], id: str, values: dict[str, Any], *, fallback: bool) -> Letter | NotRendered:
    recipient = values["customer"]["email"]
    if not is_address(recipient):
        return NotRendered(NO_EMAIL)
    html = None
    if not fallback and channel.get("html"):
        html = render_template(channel["html"], values, html=True)
    text = channel.get("fallback_text") if fallback else channel.get("text")
    subject = " ".join(render_template(channel["subject"], values).split())[:SUBJECT_LENGTH_MAX]
    mail = Mail(
        id=id,
        sender=channel["from"],
        sender_name=channel.get("from_name"),
        reply_to=channel.get("reply_to"),
        recipient=recipient,
        subject="".join(letter for letter in subject if letter.isprintable()),
        html=html,
        text=None if text is None else render_template(text, values),
        unsubscribe_url=values["unsubscribe_url"],
    )
    return MailLetter(mail, values["voucher"]["code"] if html and PICTURE in html and "voucher" in values else None)


def _sms(channel: dict[str, Any], id: str, values: dict[str, Any], *, fallback: bool) -> Letter | NotRendered:
    phone = values["customer"]["phone"]
    if not phone:
        return NotRendered(NO_PHONE)
    text = render_template(channel["fallback_text"] if fallback else channel["text"], values)
    if channel.get("body"):
        body = render_template(channel["body"], values | {"text": text}).encode()
    else:
        body = msgspec.json.encode({"to": phone, "text": text})
    return PostLetter(_post(channel, id, body))


def _told(distribution: Distribution, customer: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
    """What a webhook is told (docs/semantics/hold.md). A code that is held shows as it will be once
    the receiver has said yes.
    """
    person = simple_customer(customer)
    data: dict[str, Any] = {"distribution": simple_distribution(distribution), "customer": person}
    if not published:
        return data
    vouchers = [one for one in published["vouchers"] or [] if "id" in one]
    campaign = published["campaign"]
    publication = published["publication"] | {"result": "SUCCESS"}
    data["publication"] = frozen_publication(publication, person, [one["id"] for one in vouchers])
    data["campaign"] = simple_campaign(campaign)
    shown = [simple_voucher(one, campaign) for one in vouchers]
    return data | ({"voucher": shown[0]} if len(shown) == 1 else {"vouchers": shown})


def _webhook(
    project_id: str,
    channel: dict[str, Any],
    message: Message,
    data: dict[str, Any],
    values: dict[str, Any],
    signers: list[str],
) -> Letter | NotRendered:
    if channel.get("body"):
        try:
            body = render_template(channel["body"], values).encode()
        except Fault as fault:
            return NotRendered(str(fault))
    else:
        body = envelope(
            id=message.id,
            project_id=project_id,
            created_at=message.created_at,
            type=channel.get("event_name") or EVENT_NAME,
            data=data,
            source={"id": message.distribution_id, "object": "distribution", "target_url": channel["url"]},
            event=None,
        ).encode()
    return PostLetter(_post(channel, message.id, body, signers))


async def _signers(scope: Scope, claimed: list[Message]) -> list[str]:
    """The secrets that webhooks are signed with; nothing where there are no webhooks."""
    if not any(message.channel == WEBHOOK for message in claimed):
        return []
    secret = await get_secret(scope.connection, scope.project.id)
    if secret is None:
        secret = await ensure_secret(scope.connection, scope.project.id, secret_of(secrets.token_bytes(SECRET_BYTES)))
    return secrets_in_force(*secret, datetime.now(UTC))


def _post(channel: dict[str, Any], id: str, body: bytes, signers: list[str] | None = None) -> Post:
    sent = {name: value for name, value in (channel.get("headers") or {}).items() if may_be_sent(name)}
    headers = {"Content-Type": "application/json", **sent}
    return Post(id, channel["url"], body, headers, signers or [])


def preview_id() -> str:
    """Of a message that isn't one."""
    return "msg_" + secrets.token_hex(9)
