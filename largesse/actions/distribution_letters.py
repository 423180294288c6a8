"""What the messages of a distribution say to each recipient: their templates, filled in."""

import asyncio
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Protocol

import msgspec

from largesse.actions.courier import ACCEPTED, Courier, Delivery, Mail, Post
from largesse.actions.rendering import Answer, Batch, Part, Task, render_templates
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
from largesse.domain.projects import Project
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD
from largesse.domain.webhooks import SECRET_BYTES, secret_of, secrets_in_force
from largesse.store import campaigns
from largesse.store import distribution_messages as messages
from largesse.store.webhooks import ensure_secret, get_secret
from largesse.wire.distributions import is_address, may_be_sent, simple_distribution
from largesse.wire.events import frozen_publication, simple_campaign, simple_customer, simple_voucher
from largesse.wire.images import render_image
from largesse.wire.template_filters import local_text, zone_of
from largesse.wire.webhooks import envelope

PICTURE: Final = "cid:qr"
QR_MODULE_PIXELS: Final = 8
SUBJECT_LENGTH_MAX: Final = 900
EVENT_NAME: Final = "MANUAL_DISTRIBUTION_SCHEDULE"
"""Of a webhook whose distribution names no other."""
_MOMENTS: Final = ("start_date", "expiration_date")
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
    zone: tzinfo


class Draft(msgspec.Struct, frozen=True):
    """A message whose templates aren't rendered yet."""

    channel: dict[str, Any]
    id: str
    values: dict[str, Any]
    fallback: bool = False
    signers: list[str] = []


async def letters_of(
    scope: Scope, distribution: Distribution, ready: list[Message], courier: Courier, limit_s: float
) -> list[Written]:
    """The messages, with what they say: as many as can be written in that time, which templates take in a process of
    their own. At least one.
    """
    if not ready:
        return []
    publication_ids = sorted({one.publication_id for one in ready if one.publication_id is not None})
    known = await messages.materials(
        scope.connection,
        scope.project.id,
        sorted({one.customer_id for one in ready}),
        publication_ids,
        time_zone=scope.project.time_zone,
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
        zone_of(scope.project.time_zone),
    )
    drafts = await asyncio.to_thread(lambda: [_draft(materials, message) for message in ready])
    letters = await write_all(scope.project, drafts, limit_s, is_request=False)
    return list(zip(ready, letters, strict=False))


async def write_all(
    project: Project, drafts: Sequence["Draft | Letter | NotRendered"], limit_s: float, *, is_request: bool
) -> list["Letter | NotRendered"]:
    """The letters up to the first one that there was no time for; at least one. Raises Unavailable."""
    recipes: list[list[Part]] = []
    tasks: list[Task] = []
    for draft in drafts:
        if isinstance(draft, Draft) and (parts := _parts(draft)):
            if parts not in recipes:
                recipes.append(parts)
            tasks.append(Task(recipes.index(parts), draft.values))
    answers: list[Answer] = []
    if tasks:
        batch = Batch(recipes, tasks, project.time_zone, limit_s)
        answers = await render_templates(project.id, batch, is_request=is_request)
    left = iter(answers)
    out: list[Letter | NotRendered] = []
    for draft in drafts:
        if not isinstance(draft, Draft):
            out.append(draft)
        elif not _parts(draft):
            out.append(_finished(draft, {}))
        elif (answer := next(left, None)) is None:
            break
        elif answer.faults:
            out.append(NotRendered(next(iter(answer.faults.values()))))
        else:
            out.append(_finished(draft, answer.texts))
    return out


def _draft(materials: Materials, message: Message) -> Draft | Letter | NotRendered:
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
    link = materials.links[message.id]
    values = values_of(distribution, customer, vouchers, campaign, link, materials.zone)
    values = _local(message.facts or {}, materials.zone) | values
    if channel["type"] != WEBHOOK or channel.get("body"):
        return draft_of(channel, message.id, values, fallback=message.fallback, signers=materials.signers)
    data = (message.facts or {}) | told_of(distribution, customer, published)
    return webhook_of(
        materials.project_id, channel, message.id, message.created_at, distribution, data, materials.signers
    )


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
    zone: tzinfo,
) -> dict[str, Any]:
    """What a template can name. Moments are those of the project's time zone."""
    out: dict[str, Any] = {
        "customer": {name: customer.get(name) for name in _PERSONAL} | {"address": customer.get("address") or {}},
        "distribution": {"id": distribution.id, "name": distribution.name},
        "unsubscribe_url": unsubscribe_url,
    }
    if campaign is not None:
        out["campaign"] = {"id": campaign.id, "name": campaign.name, "metadata": campaign.metadata}
    if vouchers:
        out["voucher"] = _voucher_values(vouchers[0], zone)
        out["vouchers"] = [{"code": one["code"]} for one in vouchers]
    return out


def _voucher_values(voucher: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    """`amount` is in the currency's unit, or points; those of a gift in hundredths, as everywhere else."""
    amount = voucher.get("amount") or 0
    balance = amount - sum(voucher.get(name) or 0 for name in ("subtracted", "expired", "redeemed"))
    out = {name: voucher.get(name) for name in ("code", "type", "discount", "metadata")}
    out |= {name: local_text(voucher.get(name), zone) for name in _MOMENTS}
    out |= {"qr": PICTURE, "amount": amount if voucher.get("type") == LOYALTY_CARD else amount / 100}
    if voucher.get("type") == GIFT_VOUCHER:
        out["gift"] = {"amount": amount, "balance": balance}
    if voucher.get("type") == LOYALTY_CARD:
        out["loyalty_card"] = {"points": amount, "balance": balance}
    return out


def _local(facts: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    """The moments of a voucher that an event was about."""
    voucher = facts.get("voucher")
    if not isinstance(voucher, dict):
        return facts
    return facts | {
        "voucher": voucher | {name: local_text(voucher[name], zone) for name in _MOMENTS if name in voucher}
    }


def draft_of(
    channel: dict[str, Any],
    id: str,
    values: dict[str, Any],
    *,
    fallback: bool = False,
    signers: list[str] | None = None,
) -> Draft | NotRendered:
    """A message to whom `values` is about."""
    customer = values["customer"]
    if channel["type"] == EMAIL and not is_address(customer["email"]):
        return NotRendered(NO_EMAIL)
    if channel["type"] == SMS and not customer["phone"]:
        return NotRendered(NO_PHONE)
    return Draft(channel, id, values, fallback, signers or [])


def _parts(draft: Draft) -> list[Part]:
    """The templates of a message, in the order in which they are rendered."""
    channel, fallback = draft.channel, draft.fallback
    text = channel.get("fallback_text") if fallback else channel.get("text")
    if channel["type"] == EMAIL:
        html = None if fallback else channel.get("html")
        parts = [Part("html", html or "", html=True), Part("subject", channel["subject"]), Part("text", text or "")]
    elif channel["type"] == SMS:
        parts = [Part("text", text or "", told=True), Part("body", channel.get("body") or "")]
    else:
        parts = [Part("body", channel.get("body") or "")] if channel["type"] == WEBHOOK else []
    return [part for part in parts if part.template]


def _finished(draft: Draft, texts: dict[str, str]) -> Letter:
    """`texts`: what its templates say."""
    if draft.channel["type"] == EMAIL:
        return _mail(draft, texts)
    if draft.channel["type"] == CSV:
        return Line()
    body = texts.get("body")
    if body is None:
        body = msgspec.json.encode({"to": draft.values["customer"]["phone"], "text": texts.get("text", "")}).decode()
    return PostLetter(_post(draft.channel, draft.id, body.encode(), draft.signers))


def _mail(draft: Draft, texts: dict[str, str]) -> MailLetter:
    channel, values, html = draft.channel, draft.values, texts.get("html")
    subject = " ".join(texts.get("subject", "").split())[:SUBJECT_LENGTH_MAX]
    mail = Mail(
        id=draft.id,
        sender=channel["from"],
        sender_name=channel.get("from_name"),
        reply_to=channel.get("reply_to"),
        recipient=values["customer"]["email"],
        subject="".join(letter for letter in subject if letter.isprintable() or unicodedata.category(letter) == "Cf"),
        html=html,
        text=texts.get("text"),
        unsubscribe_url=values["unsubscribe_url"],
    )
    return MailLetter(mail, values["voucher"]["code"] if html and PICTURE in html and "voucher" in values else None)


def told_of(distribution: Distribution, customer: dict[str, Any], published: dict[str, Any]) -> dict[str, Any]:
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


def webhook_of(
    project_id: str,
    channel: dict[str, Any],
    id: str,
    created_at: datetime,
    distribution: Distribution,
    data: dict[str, Any],
    signers: list[str],
) -> PostLetter:
    """The message of a webhook that has no body of its own."""
    body = envelope(
        id=id,
        project_id=project_id,
        created_at=created_at,
        type=channel.get("event_name") or EVENT_NAME,
        data=data,
        source={"id": distribution.id, "object": "distribution", "target_url": channel["url"]},
        event=None,
    )
    return PostLetter(_post(channel, id, body.encode(), signers))


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
