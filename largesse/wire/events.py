"""What events show: the short forms of the records as they were.

A record's frozen form is a row of its table, or the Struct of its kind; both are read here and in nothing newer.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from largesse.domain.campaigns import Campaign
from largesse.domain.customers import Customer, CustomerShort
from largesse.domain.transactions import Transaction
from largesse.domain.users import ID_PREFIX
from largesse.domain.validation_rules import Assignment, ValidationRule
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD, Voucher
from largesse.wire.customers import CustomerInput, render_customer_short
from largesse.wire.dates import render
from largesse.wire.metadata import Metadata
from largesse.wire.referrals import ReferralInput
from largesse.wire.transactions import render_balance, render_transaction
from largesse.wire.validation_rules import render_assignment, render_rule

EVENT_LENGTH_MAX: Final = 300
_CURSOR: Final = re.compile(r"([0-9a-f]{1,16})\.([0-9a-f]{1,16})")

Frozen = Mapping[str, Any]

_PROFILE: Final = ("description", "phone", "address")


def _moment(value: datetime | None) -> str | None:
    return None if value is None else render(value)


def simple_campaign(frozen: Frozen | None) -> dict[str, Any] | None:
    """None for a voucher without a campaign."""
    if frozen is None:
        return None
    campaign = msgspec.convert(frozen, Campaign)
    return {
        "id": campaign.id,
        "name": campaign.name,
        "campaign_type": campaign.campaign_type,
        "type": campaign.type,
        "is_referral_code": bool(campaign.voucher.get("is_referral_code")),
        "voucher": {"discount": None, "gift": None, "loyalty_card": None} | campaign.voucher,
        "referral_program": campaign.referral_program,
        "auto_join": campaign.auto_join,
        "join_once": campaign.join_once,
        "active": campaign.active,
        "category_id": campaign.category_id,
        "category": campaign.category_name,
        "metadata": campaign.metadata,
        "start_date": _moment(campaign.start_date),
        "expiration_date": _moment(campaign.expiration_date),
        "description": campaign.description,
        "created_at": render(campaign.created_at),
        "updated_at": _moment(campaign.updated_at),
        "object": "campaign",
    }


def simple_voucher(frozen: Frozen, campaign: Frozen | None = None) -> dict[str, Any]:
    """`campaign`: the one frozen beside it, where the voucher's own row doesn't say the name."""
    voucher = msgspec.convert(frozen, Voucher)
    out: dict[str, Any] = {"id": voucher.id, "code": voucher.code, "type": voucher.type}
    redemption: dict[str, Any] = {
        "quantity": voucher.redemption_quantity,
        "redeemed_quantity": voucher.redeemed_quantity,
    }
    if voucher.type == GIFT_VOUCHER:
        effect = voucher.gift_effect or "APPLY_TO_ORDER"
        out["gift"] = {"amount": voucher.amount, "balance": voucher.balance, "effect": effect}
        redemption["redeemed_amount"] = voucher.redeemed
    elif voucher.type == LOYALTY_CARD:
        out["loyalty_card"] = {
            "points": voucher.amount,
            "balance": voucher.balance,
            "pending_points": voucher.pending,
            "expired_points": voucher.expired,
            "subtracted_points": voucher.subtracted,
        }
        redemption["redeemed_points"] = voucher.redeemed
    else:
        out["discount"] = voucher.discount
    return out | {
        "campaign": voucher.campaign_name or (campaign["name"] if campaign is not None else None),
        "campaign_id": voucher.campaign_id,
        "category": voucher.category_name,
        "category_id": voucher.category_id,
        "is_referral_code": voucher.is_referral_code,
        "holder_id": voucher.holder_id,
        "active": voucher.active,
        "redemption": redemption,
        "start_date": _moment(voucher.start_date),
        "expiration_date": _moment(voucher.expiration_date),
        "metadata": voucher.metadata,
        "created_at": render(voucher.created_at),
        "updated_at": _moment(voucher.updated_at),
        "object": "voucher",
    }


def simple_customer(frozen: Frozen) -> dict[str, Any]:
    return render_customer_short(msgspec.convert(frozen, CustomerShort))


def whole_customer(frozen: Frozen) -> dict[str, Any]:
    """With the profile, without what is added up from other records: that was nowhere frozen."""
    customer = msgspec.convert(frozen, Customer)
    out = render_customer_short(customer) | {name: getattr(customer, name) for name in _PROFILE}
    birthdate = customer.birthdate or customer.birthday
    out["birthdate"] = None if birthdate is None else birthdate.isoformat()
    return out | {"created_at": render(customer.created_at), "updated_at": _moment(customer.updated_at)}


def frozen_publication(frozen: Frozen, customer: dict[str, Any] | None, ids: list[str]) -> dict[str, Any]:
    """`customer` in its short form. The vouchers stand beside it."""
    return {
        "id": frozen["id"],
        "object": "publication",
        "created_at": render(datetime.fromisoformat(frozen["created_at"])),
        "customer_id": frozen["customer_id"],
        "tracking_id": frozen["tracking_id"],
        "customer": customer,
        "vouchers_id": ids,
        "channel": frozen["channel"],
        "source_id": frozen["source_id"],
        "metadata": frozen["metadata"],
        "result": frozen["result"],
    }


def frozen_rule(frozen: Frozen) -> dict[str, Any]:
    return render_rule(msgspec.convert(frozen, ValidationRule))


def frozen_assignment(frozen: Frozen) -> dict[str, Any]:
    return render_assignment(msgspec.convert(frozen, Assignment))


def frozen_transaction(frozen: Frozen) -> dict[str, Any]:
    """The transaction and the balance that it left."""
    transaction = msgspec.convert(frozen, Transaction)
    return {"balance": render_balance(transaction), "transaction": render_transaction(transaction)}


def event_source(actor: str | None, request_id: str | None) -> dict[str, Any]:
    """Requests have ids of `v-`; what a job or a command did happened within."""
    if request_id is None or not request_id.startswith("v-"):
        return {"channel": "INTERNAL", "user": None, "api_key": None}
    if actor is not None and actor.startswith(ID_PREFIX):  # who was signed in to the dashboard
        return {"channel": "USER_PORTAL", "user": {"id": actor}, "api_key": None}
    return {"channel": "API", "user": None, "api_key": None if actor is None else {"app_id": actor, "name": None}}


def render_event(
    id: str, type: str, entity_id: str, created_at: datetime, request_id: str | None, actor: str | None
) -> dict[str, Any]:
    """The fact behind a delivery."""
    return {
        "id": id,
        "type": type,
        "created_at": render(created_at),
        "entity_id": entity_id,
        "group_id": request_id,
        "event_source": event_source(actor, request_id),
    }


def render_logged(
    fact: dict[str, Any], data: Mapping[str, Any], cursor: tuple[int, int], project_id: str
) -> dict[str, Any]:
    """An entry of the log: `fact` as in a delivery, and what is behind it. `cursor` goes on behind this entry."""
    return {**fact, "project_id": project_id, "data": data, "cursor": render_cursor(cursor), "object": "event"}


def render_cursor(cursor: tuple[int, int]) -> str:
    """Opaque to callers."""
    return f"{cursor[0]:x}.{cursor[1]:x}"


def parse_cursor(text: str) -> tuple[int, int] | None:
    """None for what no answer ever held."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        return None
    xid, seq = int(match[1], 16), int(match[2], 16)
    return (xid, seq) if seq < 2**63 else None


class EventInput(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a customer did elsewhere. The customer is created or updated from what is said of it."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=EVENT_LENGTH_MAX)]
    customer: CustomerInput
    metadata: Metadata | None = None
    referral: ReferralInput | None = None
    loyalty: dict[str, Any] | None = None


def custom_event(id: str, sent: EventInput, customer: CustomerShort) -> dict[str, Any]:
    """What is frozen of it, in the form in which it is told."""
    shown = render_customer_short(customer)
    return {
        "event": {"id": id, "object": "event", "type": sent.event, "metadata": sent.metadata or {}},
        "event_schema": None,
        "customer": shown,
        "referral": None,
        "loyalty": None,
    }


def render_custom_event(frozen: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "object": "event",
        "type": frozen["event"]["type"],
        "customer": frozen["customer"],
        "referral": frozen["referral"],
        "loyalty": frozen["loyalty"],
        "metadata": frozen["event"]["metadata"],
    }
