"""Campaigns: the list, and a page of each with its pool, its history, its codes, its distributions, its settings."""

from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response

from largesse.actions import campaigns as actions
from largesse.actions import runways, vouchers
from largesse.actions.scope import Scope
from largesse.dashboard import campaign_words, words
from largesse.dashboard.campaign_creation import duration_of
from largesse.dashboard.clocks import check_span, local_text, moment_of
from largesse.dashboard.fields import HINT, metadata_of, metadata_text
from largesse.dashboard.formats import number
from largesse.dashboard.forms import Form
from largesse.dashboard.listing import ROWS, Listing, order_of
from largesse.dashboard.publications import asks_much, history
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.async_actions import VOUCHERS_GENERATE
from largesse.domain.campaigns import AUTO_UPDATE, FILTERS, GENERATION_IN_PROGRESS, STANDALONE, STATIC, Campaign
from largesse.domain.errors import InvalidQueryParams
from largesse.store import async_actions, counters, distributions, jobs
from largesse.store import campaigns as store
from largesse.store import vouchers as vouchers_store
from largesse.store.lists import Narrowing
from largesse.store.runways import AlertMail
from largesse.wire.campaigns import CampaignChanges
from largesse.wire.filters import parse_filter
from largesse.wire.parse import parse_value
from largesse.wire.runways import RunwayAlertInput
from largesse.wire.vouchers import VoucherInput

ORDERS: Final = ("created_at", "updated_at")
PAGES_MAX: Final = 1_000
PART_LENGTH_MAX: Final = 200
ADDED_MAX: Final = 10_000_000
STATES: Final = {"": "All", "active": "Active", "disabled": "Disabled"}
_VOUCHER_ORDERS: Final = ("created_at", "updated_at", "code")
_PATHS: Final = {
    "alert_below_days": "alert_below_days",
    "alert_mail.from": "alert_from",
    "alert_mail.to": "alert_to",
    "activity_duration_after_publishing": "days",
}


async def list_(view: View) -> Response:
    query = view.query
    page = query.page(orders=ORDERS, page_max=PAGES_MAX)
    part = (query.text("q") or "").strip()[:PART_LENGTH_MAX]
    query.check()
    form = Form(query.pairs)
    given: dict[str, Any] = {}
    if form.text("type") in campaign_words.TYPES:
        given["campaign_type"] = form.text("type")
    if form.text("status") in campaign_words.GENERATION:
        given["generation_status"] = form.text("status")
    conditions: dict[str, Any] = {}
    if part:
        conditions["campaigns"] = {"conditions": {"$contains": [part]}}
    if form.text("state") in ("active", "disabled"):
        conditions["active"] = {"conditions": {"$is": ["true" if form.text("state") == "active" else "false"]}}
    narrowing = Narrowing(given, parse_filter(conditions, FILTERS))
    problem, total = "", 0
    found: list[Campaign] = []
    async with view.work() as scope:
        try:
            total = await store.count_campaigns(scope.connection, scope.project, narrowing)
            found = await store.list_campaigns(
                scope.connection, scope.project, narrowing, order=order_of(page), limit=ROWS,
                offset=(page.page - 1) * ROWS, total=total,
            )  # fmt: skip
            pools = await counters.pools_of(scope.connection, scope.project.id, [one.id for one in found])
        except InvalidQueryParams:
            problem, pools = "That search takes too long. Type more of the name.", {}
    listing = Listing(view, found, page=page.page, total=total, order=order_of(page), page_max=PAGES_MAX)
    return view.page(
        "campaigns.html", 400 if problem else 200, listing=listing, pools=pools, form=form, words=campaign_words,
        problem=problem, asked=bool(narrowing), states=list(STATES.items()), now=datetime.now(UTC),
    )  # fmt: skip


async def _frame(view: View, scope: Scope) -> dict[str, Any]:
    """What every page of a campaign shows above its own. Raises NotFound."""
    campaign, runway, mail = await runways.get_runway(scope, view.parameter("campaign_id"))
    pools = await counters.pools_of(scope.connection, scope.project.id, [campaign.id])
    owed = 0
    if campaign.generation_status == GENERATION_IN_PROGRESS:
        running = await jobs.jobs_about(scope.connection, scope.project.id, VOUCHERS_GENERATE, campaign.id)
        owed = await async_actions.remaining_codes(scope.connection, scope.project.id, list(running.values()))
    return {
        "campaign": campaign,
        "pool": pools[campaign.id],
        "runway": runway,
        "mail": mail,
        "owed": owed,
        "words": campaign_words,
        "now": datetime.now(UTC),
        "base": f"/campaigns/{campaign.id}",
    }


async def show(view: View) -> Response:
    async with view.work(heavy=asks_much(view)) as scope:
        frame = await _frame(view, scope)
        shown = await history(view, scope, parent_object_id=frame["campaign"].id)
    return view.page("campaign.html", tab="", **frame, **shown)


async def list_vouchers(view: View) -> Response:
    query = view.query
    page = query.page(orders=_VOUCHER_ORDERS, page_max=PAGES_MAX)
    query.check()
    async with view.work() as scope:
        frame = await _frame(view, scope)
        narrowing = Narrowing({"campaign_id": frame["campaign"].id})
        total = await vouchers_store.count_vouchers(scope.connection, scope.project, narrowing)
        found = await vouchers_store.list_vouchers(
            scope.connection, scope.project, narrowing, order=order_of(page), limit=ROWS,
            offset=(page.page - 1) * ROWS, total=total,
        )  # fmt: skip
    listing = Listing(view, found, page=page.page, total=total, order=order_of(page), page_max=PAGES_MAX)
    return view.page("campaign_vouchers.html", tab="/vouchers", listing=listing, states=words, **frame)


async def list_distributions(view: View) -> Response:
    query = view.query
    page = query.integer("page", minimum=1, maximum=PAGES_MAX, default=1)
    query.check()
    async with view.work() as scope:
        frame = await _frame(view, scope)
        narrowing = Narrowing({"campaign_id": frame["campaign"].id})
        total = await distributions.count_distributions(scope.connection, scope.project, narrowing)
        found = await distributions.list_distributions(
            scope.connection, scope.project, narrowing, order="-created_at", limit=ROWS, offset=(page - 1) * ROWS,
            total=total,
        )  # fmt: skip
    listing = Listing(view, found, page=page, total=total, page_max=PAGES_MAX)
    return view.page("campaign_distributions.html", tab="/distributions", listing=listing, **frame)


def _kept(campaign: Campaign, zone: str, below_days: int | None, mail: AlertMail | None) -> Form:
    """The settings as they are."""
    days = (campaign.activity_duration_after_publishing or "").removeprefix("P").removesuffix("D")
    return Form.of(
        description=campaign.description,
        start_date=local_text(campaign.start_date, zone),
        expiration_date=local_text(campaign.expiration_date, zone),
        days=days if days.isdigit() else None,
        type=campaign.type,
        join_once=campaign.join_once,
        metadata=metadata_text(campaign.metadata),
        alert_below_days=below_days,
        alert_from=mail and mail.sender,
        alert_to=mail and " ".join(mail.to),
    )


async def settings(view: View) -> Response:
    return await _settings(view)


async def _settings(view: View, form: Form | None = None, adding: Form | None = None) -> Response:
    async with view.work() as scope:
        frame = await _frame(view, scope)
    kept = form or _kept(frame["campaign"], view.project.time_zone, frame["runway"].below_days, frame["mail"])
    return view.page(
        "campaign_settings.html", 400 if form or adding else 200, tab="/settings", form=kept,
        adding=adding or Form.of(vouchers_count=1_000), metadata_hint=HINT, STANDALONE=STANDALONE, **frame,
    )  # fmt: skip


async def update(view: View) -> Response:
    """Only what was changed is sent: what a form can't show, like a duration in hours, stays as it is."""
    form = await view.form()
    zone = view.project.time_zone
    async with view.work() as scope:
        campaign, runway, mail = await runways.get_runway(scope, view.parameter("campaign_id"))
    kept = _kept(campaign, zone, runway.below_days, mail)
    said: dict[str, Any] = {
        "description": form.given("description"),
        "start_date": moment_of(form, "start_date", zone),
        "expiration_date": moment_of(form, "expiration_date", zone),
        "days": duration_of(form),
        "type": AUTO_UPDATE if form.text("type") == AUTO_UPDATE else STATIC,
        "join_once": form.checked("join_once"),
        "metadata": metadata_of(form),
    }
    check_span(form, said["start_date"], said["expiration_date"], "expiration_date")
    names = {"days": "activity_duration_after_publishing"}
    changed = {names.get(name, name): value for name, value in said.items() if form.text(name) != kept.text(name)}
    if campaign.type == STANDALONE:
        changed = {name: value for name, value in changed.items() if name not in ("type", "join_once")}
    if "metadata" in changed:
        changed["unset_metadata_fields"] = [name for name in campaign.metadata if name not in changed["metadata"]]
    below_days = form.integer("alert_below_days")
    if not form.is_refused:
        with form.refusing(_PATHS):
            alert = parse_value({"alert_below_days": below_days, "alert_mail": _mail(form)}, RunwayAlertInput)
            alert.check()
            sent = parse_value(changed, CampaignChanges)
            async with view.work() as scope:
                await actions.update_campaign(scope, campaign.id, sent)
                told = None if alert.alert_mail is None else AlertMail(alert.alert_mail.from_, alert.alert_mail.to)
                await runways.set_alert(scope, campaign.id, alert.alert_below_days, told)
            return view.go(
                f"/campaigns/{campaign.id}/settings", "Saved. Codes that nobody has yet follow by themselves."
            )
    return await _settings(view, form)


def _mail(form: Form) -> dict[str, Any] | None:
    """Who is mailed, where somebody is to be."""
    to = form.text("alert_to").split()
    return {"from": form.text("alert_from"), "to": to} if to else None


async def switch(view: View) -> Response:
    form = await view.form()
    active = form.text("to") == "enabled"
    async with view.work() as scope:
        campaign = await actions.get_campaign(scope, view.parameter("campaign_id"))
        await actions.switch_campaign(scope, campaign.id, active=active)
    return view.go(f"/campaigns/{campaign.id}", f"{campaign.name} is {'enabled' if active else 'disabled'} now.")


async def add_codes(view: View) -> Response:
    form = await view.form()
    count = form.integer("vouchers_count")
    if "vouchers_count" not in form.errors and (count is None or not 1 <= count <= ADDED_MAX):
        form.fault("vouchers_count", f"Must be from 1 to {ADDED_MAX:,}.")
    if count is not None and not form.is_refused:
        with form.refusing():
            async with view.work() as scope:
                campaign = await actions.get_campaign(scope, view.parameter("campaign_id"))
                if count > 1:
                    await actions.add_vouchers(scope, campaign.id, VoucherInput(), count)
                else:
                    await vouchers.add_voucher(scope, campaign.id, VoucherInput(), code=None)
            said = f"{number(count)} more codes are being made." if count > 1 else "One more code is there."
            return view.go(f"/campaigns/{campaign.id}", said)
    return await _settings(view, adding=form)


async def ask_to_delete(view: View) -> Response:
    return await _deletion(view, Form.of(how="bin"))


async def _deletion(view: View, form: Form, status: int = 200) -> Response:
    async with view.work() as scope:
        frame = await _frame(view, scope)
    return view.page("campaign_delete.html", status, form=form, **frame)


async def delete(view: View) -> Response:
    form = await view.form()
    async with view.work() as scope:
        campaign = await actions.get_campaign(scope, view.parameter("campaign_id"))
        if form.confirms(campaign.name):
            await actions.delete_campaign(scope, campaign.id, force=form.text("how") == "for_good")
            where = "is gone" if form.text("how") == "for_good" else "is in the bin"
            return view.go("/campaigns", f"{campaign.name} {where}. Its codes follow in the background.")
    return await _deletion(view, form, 400)


PAGES = [
    Page("/campaigns", list_),
    Page("/campaigns/{campaign_id}", show),
    Page("/campaigns/{campaign_id}/vouchers", list_vouchers),
    Page("/campaigns/{campaign_id}/distributions", list_distributions),
    Page("/campaigns/{campaign_id}/settings", settings),
    Page("/campaigns/{campaign_id}/settings", update, methods=["POST"]),
    Page("/campaigns/{campaign_id}/switch", switch, methods=["POST"]),
    Page("/campaigns/{campaign_id}/codes", add_codes, methods=["POST"]),
    Page("/campaigns/{campaign_id}/delete", ask_to_delete, role="user"),
    Page("/campaigns/{campaign_id}/delete", delete, methods=["POST"]),
]
