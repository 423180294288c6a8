"""Create, change, switch and delete single vouchers (docs/semantics/voucher.md)."""

import os
from typing import Any, Final

from msgspec.structs import replace

from largesse.actions.categories import named_category
from largesse.actions.generation import check_can_generate, check_ceiling, make_voucher
from largesse.actions.metadata_schemas import check_sent
from largesse.actions.scope import Scope
from largesse.actions.validation_rules import assign_on_creation
from largesse.domain.campaigns import Campaign, code_config_of, template_of
from largesse.domain.codes import CodeConfig, check_code, code_config, pick_keys
from largesse.domain.discounts import check_change, check_discount
from largesse.domain.errors import DuplicateFound, InvalidVoucher, NotFound
from largesse.domain.metadata_schemas import VOUCHER
from largesse.domain.trash_bin import VOUCHER as BINNED
from largesse.domain.validity import check_validity
from largesse.domain.vouchers import LOYALTY_CARD, NewVoucher, State, Voucher, VoucherTemplate, bucket
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import campaigns, counters, trash_bin
from largesse.store import vouchers as store
from largesse.store.validation_rules import drop_assignments
from largesse.wire.customers import check_metadata_size
from largesse.wire.discounts import as_stored
from largesse.wire.nulls import Nulls, changed
from largesse.wire.vouchers import NULLABLE, VoucherChanges, VoucherInput, plain, render_entry

SWEEP_CHUNK: Final = 5_000


async def create_voucher(scope: Scope, sent: VoucherInput, *, code: str | None = None) -> Voucher:
    """One voucher, alone or in the campaign that it names. `code`: the one in the path beats the one in the body.

    Raises InvalidVoucher, InvalidCodeConfig, InvalidCampaign; NotFound for a campaign or category; DuplicateFound for
    a code that is taken, the bin included.
    """
    code = code if code is not None else sent.code
    if (named := sent.campaign_id or sent.campaign) is not None:
        return await add_voucher(scope, named, sent, code=code)
    template = sent.template()
    if template.type == LOYALTY_CARD:
        raise InvalidVoucher("A loyalty card can exist only inside a campaign")
    category_id = await named_category(scope, sent.category, sent.category_id)
    template = replace(template, category_id=category_id)
    await check_sent(scope, VOUCHER, template.metadata)
    config = sent.code_config.checked() if sent.code_config else code_config()
    voucher = await _make_one(scope, template, config, code)
    await assign_on_creation(scope, sent.validation_rules, ("voucher", voucher.id))
    return voucher


async def add_voucher(scope: Scope, campaign_id: str, sent: VoucherInput, *, code: str | None = None) -> Voucher:
    """One more voucher of a campaign: the campaign's definition, with what `sent` says about this one on top."""
    campaign = await campaigns.lock_campaign(scope.connection, scope.project.id, campaign_id)
    if campaign is None:
        raise NotFound.of("campaign", campaign_id)
    if code is None:
        check_can_generate(campaign)
    await check_ceiling(scope, campaign, 1)
    template = replace(template_of(campaign), **await overrides_of(scope, campaign, sent))
    if sent.metadata is not None:
        await check_sent(scope, VOUCHER, sent.metadata, template.metadata)
    voucher = await _make_one(scope, template, config_of(campaign, sent), code)
    await assign_on_creation(scope, sent.validation_rules, ("voucher", voucher.id))
    return voucher


def config_of(campaign: Campaign, sent: VoucherInput) -> CodeConfig:
    """The code configuration asked for, else the campaign's. Raises InvalidCodeConfig."""
    return code_config_of(campaign) if sent.code_config is None else sent.code_config.checked()


async def overrides_of(scope: Scope, campaign: Campaign, sent: VoucherInput) -> dict[str, Any]:
    """What `sent` changes of the campaign's template, by column. Raises InvalidVoucher; NotFound for a category."""
    category_id = await named_category(scope, sent.category, sent.category_id)
    return overrides(campaign, sent, category_id)


def overrides(campaign: Campaign, sent: VoucherInput, category_id: str | None) -> dict[str, Any]:
    """The same, of a category that is known. Raises InvalidVoucher."""
    over: dict[str, Any] = {
        "start_date": sent.start_date,
        "expiration_date": sent.expiration_date,
        "validity_timeframe": plain(sent.validity_timeframe),
        "validity_day_of_week": sent.validity_day_of_week,
        "validity_hours": plain(sent.validity_hours),
        "active": sent.active,
        "additional_info": sent.additional_info,
        "category_id": category_id,
        "redemption_quantity": sent.redemption.quantity if sent.redemption else None,
    }
    kind = campaign.voucher["type"]
    if sent.type is not None and sent.type != kind:
        raise InvalidVoucher(f"The vouchers of this campaign are of type {kind}")
    if sent.discount is not None and campaign.voucher.get("discount") is not None:
        over["discount"] = check_change(campaign.voucher["discount"], as_stored(sent.discount))
    if sent.gift is not None and campaign.voucher.get("gift") is not None:
        over["amount"] = sent.gift.amount
        over["gift_effect"] = sent.gift.effect
    if sent.loyalty_card is not None and kind == LOYALTY_CARD:
        over["amount"] = sent.loyalty_card.points
    if sent.metadata is not None:
        over["metadata"] = template_of(campaign).metadata | sent.metadata
    return {name: value for name, value in over.items() if value is not None}


def check_template(template: VoucherTemplate) -> VoucherTemplate:
    """Raises InvalidVoucher or InvalidPayload for dates, recurring limits or a discount that can't be."""
    check_validity(
        start=template.start_date,
        end=template.expiration_date,
        timeframe=template.validity_timeframe,
        days=template.validity_day_of_week,
        hours=template.validity_hours,
    )
    if template.discount is not None:
        check_discount(template.discount)
    check_metadata_size(template.metadata)
    return template


async def _make_one(scope: Scope, template: VoucherTemplate, config: CodeConfig, code: str | None) -> Voucher:
    check_template(template)
    if code is None and config.length == 0:
        code = config.prefix + config.pattern + config.postfix  # nothing random in it: there is only this one
    if code is None:
        code = await make_voucher(scope, template, config)
    else:
        await _insert_code(scope, template, check_code(code))
    voucher = await get_voucher(scope, code)
    await append(scope, EventType.VOUCHER_CREATED, voucher.id, {"voucher": voucher})
    disabled = 0 if template.active else 1
    await counters.change_counters(
        scope.connection, scope.project.id, template.campaign_id, vouchers=1, disabled=disabled
    )
    return voucher


async def _insert_code(scope: Scope, template: VoucherTemplate, code: str) -> None:
    one = NewVoucher(scope.ids.new("v_"), code, pick_keys(1, os.urandom)[0])
    if await store.insert_vouchers(scope.connection, scope.project, template, [one]) == 0:
        raise DuplicateFound(f"Duplicated voucher exists with id {code}", resource_id=code, resource_type="voucher")


async def get_voucher(scope: Scope, code_or_id: str) -> Voucher:
    voucher = await store.get_voucher(scope.connection, scope.project, code_or_id)
    if voucher is None:
        raise NotFound.of("voucher", code_or_id)
    return voucher


async def update_voucher(scope: Scope, code_or_id: str, sent: VoucherChanges, nulls: Nulls = Nulls.CLEAR) -> Voucher:
    """Write what was sent; metadata merges by key. Raises NotFound, InvalidVoucher, InvalidPayload."""
    before = await _locked(scope, code_or_id)
    fields = changed(sent, nulls, NULLABLE)
    if not fields:
        return before
    after = await _changed(scope, before, fields)
    check_validity(
        start=after.start_date,
        end=after.expiration_date,
        timeframe=after.validity_timeframe,
        days=after.validity_day_of_week,
        hours=after.validity_hours,
    )
    check_metadata_size(after.metadata)
    if "metadata" in fields:
        await check_sent(scope, VOUCHER, fields["metadata"] or {}, after.metadata)
    await store.update_voucher(scope.connection, scope.project.id, after)
    voucher = await reread_voucher(scope, before.id)
    await append(scope, EventType.VOUCHER_UPDATED, voucher.id, {"voucher": voucher})
    if before.state == State.WITHDRAWN:
        if await store.restore_voucher(scope.connection, scope.project.id, voucher.id):
            disabled = 0 if voucher.active else 1
            await counters.change_counters(
                scope.connection, scope.project.id, voucher.campaign_id, withdrawn=-1, disabled=disabled
            )
    else:
        await _move(scope, before, before.active, voucher.active)
    return voucher


async def _changed(scope: Scope, before: Voucher, fields: dict[str, Any]) -> Voucher:
    """`before` with the fields of VoucherChanges written over it."""
    plainly = ("start_date", "expiration_date", "validity_day_of_week", "additional_info")
    new = {name: fields[name] for name in plainly if name in fields}
    new |= {name: plain(fields[name]) for name in ("validity_timeframe", "validity_hours") if name in fields}
    if "category" in fields or "category_id" in fields:
        new["category_id"] = await named_category(scope, fields.get("category"), fields.get("category_id"))
    if fields.get("active") is not None:
        new["active"] = fields["active"]
    if "metadata" in fields:
        new["metadata"] = {} if fields["metadata"] is None else before.metadata | fields["metadata"]
    if fields.get("discount") is not None:
        new["discount"] = check_change(before.discount, as_stored(fields["discount"]))
    return replace(before, **new)


async def _locked(scope: Scope, code_or_id: str) -> Voucher:
    """The voucher as it is now, held until the transaction ends. Raises NotFound."""
    held = await store.lock_voucher(scope.connection, scope.project, code_or_id)
    if held is None:
        raise NotFound.of("voucher", code_or_id)
    voucher = await store.get_voucher_by_id(scope.connection, scope.project.id, held.id)
    if voucher is None:  # its campaign is in the bin
        raise NotFound.of("voucher", code_or_id)
    return voucher


async def reread_voucher(scope: Scope, voucher_id: str) -> Voucher:
    """A voucher whose row we hold, as it is after the change. Never by code: another one's may be like this id."""
    voucher = await store.get_voucher_by_id(scope.connection, scope.project.id, voucher_id)
    assert voucher is not None
    return voucher


async def _move(scope: Scope, voucher: Voucher, before: bool, after: bool) -> None:
    """The counters, when a free voucher's switch was turned."""
    if voucher.state == State.FREE and before != after:
        await counters.change_counters(
            scope.connection, scope.project.id, voucher.campaign_id, disabled=1 if before else -1
        )


async def switch_voucher(scope: Scope, code_or_id: str, *, active: bool) -> Voucher:
    """Enable or disable. Doing it twice changes nothing the second time. Raises NotFound."""
    before = await _locked(scope, code_or_id)
    if not await store.set_voucher_active(scope.connection, scope.project.id, before.id, active=active):
        return before
    voucher = await reread_voucher(scope, before.id)
    name = EventType.VOUCHER_ENABLED if active else EventType.VOUCHER_DISABLED
    await append(scope, name, voucher.id, {"voucher": voucher})
    await _move(scope, voucher, before.active, active)
    return voucher


async def delete_voucher(scope: Scope, code_or_id: str, *, force: bool) -> None:
    """Into the bin, where the code stays taken; with `force` for good, from the bin too. Raises NotFound.

    Publications keep the code and who had it.
    """
    held = await store.lock_voucher(scope.connection, scope.project, code_or_id, in_bin=force)
    if held is None:
        raise NotFound.of("voucher", code_or_id)
    voucher = None
    if not held.binned:
        voucher = await store.get_voucher_by_id(scope.connection, scope.project.id, held.id)
        if voucher is None:  # its campaign is in the bin
            raise NotFound.of("voucher", code_or_id)
    await (store.delete_voucher if force else store.bin_voucher)(scope.connection, scope.project.id, held.id)
    if force:
        await drop_assignments(scope.connection, scope.project.id, "voucher", [held.id])
        await trash_bin.remove_entry(scope.connection, scope.project.id, held.id)
    if voucher is None:  # its counters went when it was binned
        return
    if not force:
        await trash_bin.add_entry(
            scope.connection,
            scope.project.id,
            scope.ids.new("tbe_"),
            resource_id=voucher.id,
            resource_type=BINNED,
            resource_name=voucher.code,
            resource_parent_id=voucher.campaign_id,
        )
    await append(scope, EventType.VOUCHER_DELETED, voucher.id, {"voucher": voucher})
    changes = {"vouchers": -1}
    if (name := bucket(held.state, held.active)) is not None:
        changes[name] = -1
    await counters.change_counters(scope.connection, scope.project.id, held.campaign_id, **changes)


async def withdraw_expired(scope: Scope) -> bool:
    """Take a chunk of expired vouchers out of the pool; True when there may be more."""
    moved = await store.withdraw_expired(scope.connection, scope.project.id, SWEEP_CHUNK)
    for campaign_id, active, count in moved:  # by campaign: everybody who takes several counter rows takes them so
        await counters.change_counters(
            scope.connection, scope.project.id, campaign_id, withdrawn=count, disabled=0 if active else -count
        )
    return sum(count for _, _, count in moved) == SWEEP_CHUNK


async def entries_of(scope: Scope, voucher: Voucher) -> list[dict[str, Any]]:
    """What `publish.entries` of a single voucher shows: its publications, newest first, at most ten."""
    if voucher.publish_count == 0:
        return []
    rows = await store.voucher_entries(scope.connection, scope.project.id, voucher.id)
    return [render_entry(row) for row in rows]
