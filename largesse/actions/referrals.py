"""Referral programmes: who has a code as referee, and who was referred (docs/semantics/referral.md)."""

from typing import Any

from largesse.actions.campaigns import get_campaign
from largesse.actions.customer_rows import save_customers
from largesse.actions.metadata_schemas import check_sent
from largesse.actions.scope import Scope
from largesse.domain.campaigns import Campaign
from largesse.domain.customers import Customer
from largesse.domain.errors import (
    DuplicateFound,
    Forbidden,
    HolderDuplication,
    InvalidPayload,
    NotFound,
    NotPublished,
    ReferrerNotPermitted,
)
from largesse.domain.metadata_schemas import PUBLICATION
from largesse.domain.referrals import BY_CUSTOM_EVENT, Referee, Referral, converts
from largesse.domain.vouchers import Voucher
from largesse.events.catalogue import EventType
from largesse.events.outbox import append, append_all
from largesse.store import referrals as store
from largesse.store.customers import find_customers, find_ids
from largesse.store.vouchers import get_voucher
from largesse.wire.customers import CustomerInput
from largesse.wire.referrals import HoldersInput, ReferralInput, simple_holder


async def get_code(scope: Scope, member_id: str, campaign_id: str | None = None) -> tuple[Campaign, Voucher]:
    """A referral code by its code or id, of the campaign that is named, if one is. Raises NotFound."""
    campaign = None if campaign_id is None else await get_campaign(scope, campaign_id)
    voucher = await get_voucher(scope.connection, scope.project, member_id)
    if voucher is None or not voucher.is_referral_code or voucher.campaign_id is None:
        raise NotFound.of("voucher", member_id)
    if campaign is None:
        campaign = await get_campaign(scope, voucher.campaign_id)
    elif campaign.id != voucher.campaign_id:
        raise NotFound.of("voucher", member_id)
    return campaign, voucher


def _referrer_of(voucher: Voucher) -> str:
    if voucher.holder_id is None:
        raise NotPublished("Referral code must be first published to Referrer before assigning it to Referee")
    return voucher.holder_id


async def add_holders(
    scope: Scope, member_id: str, sent: HoldersInput, campaign_id: str | None = None
) -> tuple[Voucher, list[Referee]]:
    """Give a code to referees: to all of them, in the order asked for, or to none.

    Raises NotFound, NotPublished, InvalidPayload, MetadataValidationFailed; DuplicateFound for somebody who stands
    there twice, HolderDuplication for somebody who has the code already.
    """
    campaign, voucher = await get_code(scope, member_id, campaign_id)
    referrer = _referrer_of(voucher)
    metadata: dict[str, Any] = sent.metadata or {}
    await check_sent(scope, PUBLICATION, metadata)
    customers = await _saved(scope, sent.holders)
    if referrer in customers:
        raise HolderDuplication(f"Customer {referrer} is the referrer of this code", resource_id=referrer)
    wanted = dict(zip(sorted(customers), scope.ids.hex_run("rh_", len(customers)), strict=True))
    added = await store.add_referees(scope.connection, scope.project.id, voucher.id, wanted, metadata)
    by_customer = {referee.customer_id: referee for referee in added}
    if taken := [each for each in customers if each not in by_customer]:
        raise HolderDuplication(
            f"Customers {', '.join(taken)} are assigned to this code already"
            if len(taken) > 1
            else f"Customer {taken[0]} is assigned to this code already",
            resource_id=taken[0],
        )
    holders = [by_customer[each] for each in customers]
    people = await find_customers(scope.connection, scope.project.id, customers)
    frozen = [_frozen(holder, campaign, voucher, people[holder.customer_id]) for holder in holders]
    await append_all(scope, EventType.HOLDER_ASSIGNED, [(voucher.id, each) for each in frozen])
    return voucher, holders


def _frozen(holder: Referee, campaign: Campaign, voucher: Voucher, customer: Customer) -> dict[str, Any]:
    shown = simple_holder(holder, campaign, voucher)
    return {"holder": shown, "campaign": campaign, "voucher": voucher, "customer": customer}


async def _saved(scope: Scope, sent: list[CustomerInput]) -> list[str]:
    """Their ids, in the order sent. Raises NotFound, InvalidPayload; DuplicateFound for one who is there twice."""
    names = [one.id or one.source_id or "" for one in sent]
    if faults := await save_customers(scope, sent):
        first = min(faults)
        if len(faults) == 1:
            raise faults[first]
        raise InvalidPayload(
            "; ".join(f"Property .holders[{place}] {faults[place].details}" for place in sorted(faults)),
            resource_id=names[first],
        )
    known = await find_ids(scope.connection, scope.project.id, sorted(set(names)))
    found = [known[name] for name in names]
    for place, id_ in enumerate(found):
        if id_ in found[:place]:
            raise DuplicateFound(
                f"Duplicated customer exists with id {names[place]}",
                resource_id=names[place],
                resource_type="customer",
            )
    return found


async def remove_holder(scope: Scope, member_id: str, holder_id: str, campaign_id: str | None = None) -> None:
    """Take a code from a referee. Raises NotFound, Forbidden for the referrer."""
    campaign, voucher = await get_code(scope, member_id, campaign_id)
    removed = await store.remove_referee(scope.connection, scope.project.id, voucher.id, holder_id)
    if removed is None:
        if await store.is_referrer(scope.connection, scope.project.id, voucher.id, holder_id):
            raise Forbidden("You can not remove Referrer assignment", message="Can not remove assignment")
        raise NotFound.of("redeemable_holder", holder_id)
    people = await find_customers(scope.connection, scope.project.id, [removed.customer_id])
    frozen = _frozen(removed, campaign, voucher, people[removed.customer_id])
    await append(scope, EventType.HOLDER_REMOVED, voucher.id, frozen)


async def refer_by_event(
    scope: Scope, sent: ReferralInput, customer: Customer, event: dict[str, Any]
) -> dict[str, Any]:
    """A custom event through a referral code: the customer was referred, if he never was by this campaign before.

    Returns what events show of it. Raises NotFound, NotPublished, ReferrerNotPermitted for the referrer himself;
    InvalidPayload for somebody else's code, and for an event that makes no referrals of its campaign.
    """
    campaign, voucher = await get_code(scope, sent.code)
    referrer = _referrer_of(voucher)
    if sent.referrer_id is not None:
        known = await find_ids(scope.connection, scope.project.id, [sent.referrer_id])
        if known.get(sent.referrer_id) != referrer:
            raise InvalidPayload("Property .referral.referrer_id must be the holder of the code")
    if not converts(campaign, event["type"]):
        raise InvalidPayload(f"Property .referral: {event['type']} makes no referrals in campaign {campaign.name}")
    if customer.id == referrer:
        raise ReferrerNotPermitted("voucher cannot be redeemed by referrer", resource_id=sent.code)
    asked = Referral(
        campaign_id=campaign.id,
        referrer_id=referrer,
        related_object_id=event["id"],
        related_object_type=BY_CUSTOM_EVENT,
        created_at=campaign.created_at,  # the database sets its own
    )
    made = await store.add_referral(
        scope.connection, scope.project.id, customer_id=customer.id, voucher_id=voucher.id, referral=asked
    )
    if made is not None:
        people = await find_customers(scope.connection, scope.project.id, [referrer])
        frozen = {"customer": customer, "referrer": people[referrer], "campaign": campaign, "voucher": voucher}
        await append(scope, EventType.CUSTOMER_REFERRED, customer.id, frozen | {"custom_event": event})
    return {"code": voucher.code, "referrer_id": referrer}
