"""Create, change, switch and delete campaigns (docs/semantics/campaign.md)."""

from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from largesse.actions.campaign_vouchers import start_deletion, start_update
from largesse.actions.categories import named_category
from largesse.actions.generation import check_can_generate, check_ceiling, check_space, make_voucher, start_generation
from largesse.actions.metadata_schemas import check_sent, schema_of_campaign
from largesse.actions.scope import Scope
from largesse.actions.validation_rules import assign_on_creation
from largesse.actions.vouchers import check_template, config_of, overrides_of
from largesse.domain.campaigns import (
    REFERRAL_PROGRAM,
    STANDALONE,
    STATIC,
    Campaign,
    campaign_type,
    check_campaign,
    check_room,
    code_config_of,
    joins_once,
    redefined,
    template_of,
)
from largesse.domain.errors import InvalidCampaign, InvalidCodeConfig, NotBuilt, NotFound
from largesse.domain.metadata_schemas import VOUCHER
from largesse.domain.referrals import changed_program, check_program
from largesse.domain.trash_bin import CAMPAIGN
from largesse.domain.vouchers import infer_type
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import campaigns as store
from largesse.store import counters, trash_bin
from largesse.wire.campaigns import NULLABLE, CampaignChanges, CampaignInput, definition
from largesse.wire.customers import check_metadata_size
from largesse.wire.dates import render
from largesse.wire.discounts import as_stored
from largesse.wire.nulls import Nulls, changed
from largesse.wire.vouchers import VoucherInput, plain, refuse_rules

_PLAIN_FIELDS: Final = (
    "description",
    "start_date",
    "expiration_date",
    "validity_day_of_week",
    "activity_duration_after_publishing",
)
RULES_MAX: Final = 1
_UNBORN: Final = datetime(1970, 1, 1, tzinfo=UTC)  # the database sets created_at


async def create_campaign(scope: Scope, sent: CampaignInput) -> Campaign:
    """The campaign with its first codes under way; a single one is there at once.

    Raises DuplicateFound for a taken name (the bin included), InvalidCampaign, InvalidVoucher, InvalidCodeConfig,
    InvalidCampaignParams; NotFound for an unknown category or rule; NotBuilt for promotions.
    """
    if len(sent.validation_rules or ()) > RULES_MAX:
        raise InvalidCampaign(f"A campaign can be created with {RULES_MAX} validation rule")
    if sent.campaign_type == "PROMOTION":
        raise NotBuilt("Campaigns of type PROMOTION are not supported yet")
    campaign = check_campaign(await _described(scope, sent))
    check_program(campaign.referral_program)
    check_metadata_size(campaign.metadata)
    await check_sent(scope, schema_of_campaign(campaign), campaign.metadata)
    count = sent.vouchers_count or 0
    if count > 1:
        check_can_generate(campaign)
    check_room(0, 0, count, scope.project.codes_per_campaign_max)
    config = code_config_of(campaign)
    if count:
        await check_space(scope, config, count)
    await store.create_campaign(scope.connection, scope.project.id, campaign)
    campaign = await get_campaign(scope, campaign.id)
    await assign_on_creation(scope, sent.validation_rules, ("campaign", campaign.id))
    await append(scope, EventType.CAMPAIGN_CREATED, campaign.id, {"campaign": campaign})
    if count > 1:
        await start_generation(scope, campaign, config, count)
    elif count == 1:
        await make_voucher(scope, template_of(campaign), config)
    # Last, and even for none: a campaign without a counter row would have its changes counted by nobody.
    await counters.open_counters(scope.connection, scope.project.id, campaign.id, vouchers=1 if count == 1 else 0)
    return await get_campaign(scope, campaign.id)


async def _described(scope: Scope, sent: CampaignInput) -> Campaign:
    if sent.voucher is None:
        raise InvalidCampaign("Property 'voucher' is required")
    discount = None if sent.voucher.discount is None else as_stored(sent.voucher.discount)
    voucher_type = infer_type(sent.voucher.type, discount, sent.voucher.gift, sent.voucher.loyalty_card)
    kind = campaign_type(sent.campaign_type, voucher_type, discount)
    type_ = sent.type or STATIC
    return Campaign(
        id=scope.ids.new("camp_"),
        name=sent.name,
        description=sent.description,
        campaign_type=kind,
        type=type_,
        voucher=definition(sent.voucher, voucher_type, kind),
        referral_program=plain(sent.referral_program) if kind == REFERRAL_PROGRAM else None,
        join_once=joins_once(kind, type_, sent.join_once),
        auto_join=bool(sent.auto_join),
        use_voucher_metadata_schema=sent.use_voucher_metadata_schema is not False,
        active=sent.active is not False,
        category_id=await named_category(scope, sent.category, sent.category_id),
        start_date=sent.start_date,
        expiration_date=sent.expiration_date,
        validity_timeframe=plain(sent.validity_timeframe),
        validity_day_of_week=sent.validity_day_of_week,
        validity_hours=plain(sent.validity_hours),
        activity_duration_after_publishing=sent.activity_duration_after_publishing,
        metadata=sent.metadata or {},
        created_at=_UNBORN,
    )


async def get_campaign(scope: Scope, id_or_name: str) -> Campaign:
    campaign = await store.get_campaign(scope.connection, scope.project.id, id_or_name)
    if campaign is None:
        raise NotFound.of("campaign", id_or_name)
    return campaign


async def _locked(scope: Scope, id_or_name: str) -> Campaign:
    campaign = await store.lock_campaign(scope.connection, scope.project.id, id_or_name)
    if campaign is None:
        raise NotFound.of("campaign", id_or_name)
    return campaign


async def update_campaign(scope: Scope, id_or_name: str, sent: CampaignChanges, nulls: Nulls = Nulls.CLEAR) -> Campaign:
    """Write what was sent; vouchers neither published nor redeemed follow in the background.

    Raises NotFound, InvalidCampaign, InvalidVoucher, InvalidPayload.
    """
    before = await _locked(scope, id_or_name)
    fields = changed(sent, nulls, NULLABLE)
    after = check_campaign(await _changed(scope, before, fields, sent.unset_metadata_fields or []))
    check_metadata_size(after.metadata)
    if after == before:
        return before
    if after.metadata != before.metadata:
        await check_sent(scope, schema_of_campaign(before), fields.get("metadata") or {}, after.metadata)
    await store.update_campaign(scope.connection, scope.project.id, after)
    campaign = await get_campaign(scope, before.id)
    await append(scope, EventType.CAMPAIGN_UPDATED, campaign.id, {"campaign": campaign})
    await start_update(scope, before, campaign)
    return campaign


async def _changed(scope: Scope, before: Campaign, fields: dict[str, Any], unset: list[str]) -> Campaign:
    new: dict[str, Any] = {name: fields[name] for name in _PLAIN_FIELDS if name in fields}
    new |= {name: plain(fields[name]) for name in ("validity_timeframe", "validity_hours") if name in fields}
    if "referral_program" in fields:
        new["referral_program"] = changed_program(before.referral_program, plain(fields["referral_program"]))
    if "category" in fields or "category_id" in fields:
        new["category_id"] = await named_category(scope, fields.get("category"), fields.get("category_id"))
    if fields.get("type") is not None:
        new["type"] = _switched(before.type, fields["type"])
    if fields.get("auto_join") is not None:
        new["auto_join"] = fields["auto_join"]
    if fields.get("join_once") is not None:
        new["join_once"] = joins_once(before.campaign_type, before.type, fields["join_once"])
    metadata = {} if "metadata" in fields and fields["metadata"] is None else before.metadata
    metadata = metadata | (fields.get("metadata") or {})
    new["metadata"] = {name: value for name, value in metadata.items() if name not in unset}
    if (voucher := fields.get("voucher")) is not None:
        new["voucher"] = redefined(
            before,
            discount=None if voucher.discount is None else as_stored(voucher.discount),
            gift_effect=None if voucher.gift is None else voucher.gift.effect,
        )
    return replace(before, **new)


def _switched(before: str, after: str) -> str:
    if before != after and STANDALONE in (before, after):
        raise InvalidCampaign(f"A campaign of type {before} cannot become {after}")
    return after


async def switch_campaign(scope: Scope, id_or_name: str, *, active: bool) -> None:
    """Enable or disable. Doing it twice changes nothing the second time. Raises NotFound."""
    campaign = await _locked(scope, id_or_name)
    if await store.set_campaign_active(scope.connection, scope.project.id, campaign.id, active=active):
        name = EventType.CAMPAIGN_ENABLED if active else EventType.CAMPAIGN_DISABLED
        await append(scope, name, campaign.id, {"campaign": replace(campaign, active=active)})


async def delete_campaign(scope: Scope, id_or_name: str, *, force: bool) -> str:
    """Out of sight at once; its vouchers follow in the background. Returns the async action's id. Raises NotFound.

    `force`: for good, the name is free at once and the codes when the action is done; else both stay taken.
    """
    campaign = await _locked(scope, id_or_name)
    name = campaign.id if force else campaign.name
    await store.bin_campaign(scope.connection, scope.project.id, campaign.id, name)
    await append(scope, EventType.CAMPAIGN_DELETED, campaign.id, {"campaign": campaign})
    if force:
        await trash_bin.remove_entry(scope.connection, scope.project.id, campaign.id)
    else:
        await trash_bin.add_entry(
            scope.connection,
            scope.project.id,
            scope.ids.new("tbe_"),
            resource_id=campaign.id,
            resource_type=CAMPAIGN,
            resource_name=campaign.name,
        )
    return await start_deletion(scope, campaign.id, force=force)


async def add_vouchers(scope: Scope, id_or_name: str, sent: VoucherInput, count: int) -> str:
    """Many more codes in the background; returns the async action's id. For one see `vouchers.add_voucher`."""
    refuse_rules(sent.validation_rules)
    campaign = await _locked(scope, id_or_name)
    check_can_generate(campaign)
    if sent.code is not None:
        raise InvalidCodeConfig("Property .code cannot be set when several vouchers are to be made")
    await check_ceiling(scope, campaign, count)
    overrides = await overrides_of(scope, campaign, sent)
    check_template(replace(template_of(campaign), **overrides))
    if sent.metadata is not None:
        await check_sent(scope, VOUCHER, sent.metadata, overrides["metadata"])
    config = config_of(campaign, sent)
    await check_space(scope, config, count)
    moments = {name: render(value) for name, value in overrides.items() if isinstance(value, datetime)}
    return await start_generation(scope, campaign, config, count, overrides | moments)
