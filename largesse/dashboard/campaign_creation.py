"""A new campaign: its kind, the form, a summary, and only then the campaign."""

from typing import Any, Final

from starlette.responses import Response

from largesse.actions import campaigns as actions
from largesse.dashboard import campaign_words, codes
from largesse.dashboard.clocks import check_span, moment_of
from largesse.dashboard.fields import HINT, metadata_of
from largesse.dashboard.formats import number
from largesse.dashboard.forms import Form
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.campaigns import AUTO_UPDATE, LOYALTY_PROGRAM, REFERRAL_PROGRAM, STATIC, Campaign
from largesse.domain.discounts import PERCENT_MAX
from largesse.domain.errors import DuplicateFound, InvalidCodeConfig, NotFound
from largesse.domain.referrals import BY_CUSTOM_EVENT, BY_REDEMPTION
from largesse.wire.campaigns import CampaignInput
from largesse.wire.parse import parse_value

EXAMPLES, REVIEW, BACK, CREATE = "examples", "review", "back", "create"
SHIPPING: Final = "SHIPPING"
DAYS_MAX: Final = 36_500
FIELDS: Final = (
    "campaign_type", "name", "description", "discount", "percent_off", "amount_limit", "amount_off", "fixed_amount",
    "unit_off", "unit_type", "effect", "unit_effect", "gift_amount", "points", "quantity", "conversion", "event",
    *codes.FIELDS, "start_date", "expiration_date", "days", "type", "join_once", "disabled", "metadata", "copied",
)  # fmt: skip
PATHS: Final = codes.PATHS | {
    "voucher.discount.percent_off": "percent_off",
    "voucher.discount.amount_off": "amount_off",
    "voucher.discount.amount_limit": "amount_limit",
    "voucher.discount.fixed_amount": "fixed_amount",
    "voucher.discount.unit_off": "unit_off",
    "voucher.discount.unit_type": "unit_type",
    "voucher.gift.amount": "gift_amount",
    "voucher.loyalty_card.points": "points",
    "voucher.redemption.quantity": "quantity",
    "referral_program.custom_event.name": "event",
    "activity_duration_after_publishing": "days",
}
_DISCOUNTS: Final = ("PERCENT", "AMOUNT", "FIXED", "UNIT", SHIPPING)
_HUNDREDTHS_MAX: Final = 10**15


class _Rehearsed(Exception):
    """Raised to take back all that was done."""


async def new(view: View) -> Response:
    """Without a type it is asked for one."""
    wanted = view.query.text("type") or ""
    if wanted not in campaign_words.TYPES:
        return view.page("campaign_types.html", types=campaign_words.TYPES)
    form = Form.of(
        campaign_type=wanted,
        discount="PERCENT",
        percent_off=10,
        effect="APPLY_TO_ORDER",
        unit_effect="ADD_MISSING_ITEMS",
        points=0 if wanted == LOYALTY_PROGRAM else None,
        quantity="" if wanted == LOYALTY_PROGRAM else 1,
        conversion=BY_REDEMPTION,
        length=10,
        charset="easy",
        vouchers_count=1_000,
        type=STATIC,
    )
    return _form(view, form)


async def create(view: View) -> Response:
    """The form's buttons: show examples, review, and on the summary go back, create."""
    form = await view.form()
    if form.text("campaign_type") not in campaign_words.TYPES:
        raise NotFound(f"There are no campaigns of type {form.text('campaign_type')[:50]}")
    step = form.text("step") or REVIEW
    if step in (EXAMPLES, BACK):
        return _form(view, form)
    body = body_of(form, view.project.time_zone)
    if not form.is_refused:
        with form.refusing(PATHS):
            sent = parse_value(body, CampaignInput)
            made = await _make(view, form, sent, rehearse=step != CREATE)
            if made is not None and step == CREATE:
                return view.go(f"/campaigns/{made.id}", _said(made, sent.vouchers_count or 0))
            if made is not None:
                return _summary(view, form, sent)
    return _form(view, form, 400)


def _said(made: Campaign, count: int) -> str:
    if not count:
        return f"{made.name} is there. It has no codes yet: add some below Settings."
    return f"{made.name} is there. Its {number(count)} codes are being made." if count > 1 else f"{made.name} is there."


async def _make(view: View, form: Form, sent: CampaignInput, *, rehearse: bool) -> Campaign | None:
    """None, and a fault beside its field, when it can't be. A rehearsal checks all that making it checks: it makes it,
    and takes everything back.
    """
    made: Campaign | None = None
    try:
        async with view.work() as scope:
            made = await actions.create_campaign(scope, sent)
            _take_back(rehearse)
    except _Rehearsed:
        pass
    except DuplicateFound:
        form.fault("name", "There is a campaign of this name already, perhaps in the bin.")
    except InvalidCodeConfig as error:
        if not (error.details or "").startswith("The code configuration"):
            raise
        form.fault("vouchers_count", f"{error.details}. Make the codes longer.")
    return made


def _take_back(rehearse: bool) -> None:
    if rehearse:
        raise _Rehearsed


def body_of(form: Form, zone: str) -> dict[str, Any]:
    """The contract's body. What can't be one is a fault beside its field."""
    kind = form.text("campaign_type")
    voucher: dict[str, Any] = {"code_config": codes.config_of(form), "redemption": _redemption(form)}
    if kind == "GIFT_VOUCHERS":
        voucher |= {"type": "GIFT_VOUCHER", "gift": {"amount": _money(form, "gift_amount", needed=True)}}
    elif kind == LOYALTY_PROGRAM:
        voucher |= {"type": "LOYALTY_CARD", "loyalty_card": {"points": form.integer("points") or 0}}
    else:
        voucher |= {"type": "DISCOUNT_VOUCHER", "discount": _discount(form)}
    if not form.text("name"):
        form.fault("name", "Give it a name.")
    body: dict[str, Any] = {
        "name": form.text("name"),
        "description": form.given("description"),
        "campaign_type": kind,
        "type": AUTO_UPDATE if form.text("type") == AUTO_UPDATE else STATIC,
        "voucher": voucher,
        "vouchers_count": form.integer("vouchers_count") or 0,
        "join_once": form.checked("join_once"),
        "active": not form.checked("disabled"),
        "use_voucher_metadata_schema": form.checked("copied"),
        "start_date": moment_of(form, "start_date", zone),
        "expiration_date": moment_of(form, "expiration_date", zone),
        "activity_duration_after_publishing": duration_of(form),
        "metadata": metadata_of(form),
    }
    if kind == REFERRAL_PROGRAM:
        body["referral_program"] = _program(form)
    check_span(form, body["start_date"], body["expiration_date"], "expiration_date")
    return body


def duration_of(form: Form) -> str | None:
    days = form.integer("days")
    if days is not None and not 1 <= days <= DAYS_MAX:
        form.fault("days", f"Must be from 1 to {DAYS_MAX:,} days.")
    return None if days is None else f"P{days}D"


def _redemption(form: Form) -> dict[str, Any]:
    quantity = form.integer("quantity")
    if quantity is not None and quantity < 1:
        form.fault("quantity", "Must be at least 1; leave it empty for any number of times.")
    return {"quantity": quantity}


def _program(form: Form) -> dict[str, Any]:
    if form.text("conversion") != BY_CUSTOM_EVENT:
        return {"conversion_event_type": BY_REDEMPTION}
    if not form.text("event"):
        form.fault("event", "Say the event's name, as your shop sends it.")
    return {"conversion_event_type": BY_CUSTOM_EVENT, "custom_event": {"name": form.text("event")}}


def _discount(form: Form) -> dict[str, Any]:
    kind = form.text("discount")
    effect = form.text("effect") or None
    if kind not in _DISCOUNTS:
        form.fault("discount", "Choose one of these.")
    if kind == "PERCENT":
        percent = form.number("percent_off")
        if "percent_off" not in form.errors and (percent is None or not 0 < percent <= PERCENT_MAX):
            form.fault("percent_off", "Must be more than 0 and at most 100.")
        if percent is not None and percent.is_integer():
            percent = int(percent)
        limit = _money(form, "amount_limit")
        return _without_none({"type": kind, "percent_off": percent, "amount_limit": limit, "effect": effect})
    if kind == "AMOUNT":
        return _without_none({"type": kind, "amount_off": _money(form, "amount_off", needed=True), "effect": effect})
    if kind == "FIXED":
        price = _money(form, "fixed_amount", needed=True)
        return _without_none({"type": kind, "fixed_amount": price, "effect": effect})
    if kind == SHIPPING:
        return {
            "type": "UNIT", "unit_off": 1, "unit_type": campaign_words.SHIPPING, "effect": "ADD_MISSING_ITEMS",
        }  # fmt: skip
    units = form.integer("unit_off")
    if "unit_off" not in form.errors and (units is None or units < 1):
        form.fault("unit_off", "Must be at least 1.")
    if not form.text("unit_type"):
        form.fault("unit_type", "Say the product's id, as your shop knows it.")
    effect = form.text("unit_effect") or None
    return _without_none({"type": "UNIT", "unit_off": units, "unit_type": form.given("unit_type"), "effect": effect})


def _money(form: Form, name: str, *, needed: bool = False) -> int | None:
    """Hundredths of what was typed."""
    hundredths = form.money(name)
    if name in form.errors:
        return None
    if hundredths is None:
        if needed:
            form.fault(name, "Is needed.")
        return None
    if hundredths < 0 or hundredths > _HUNDREDTHS_MAX or (needed and not hundredths):
        form.fault(name, "Must be more than 0, and not that much." if needed else "Must be at least 0.")
    return hundredths


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _outlook(view: View, form: Form) -> codes.Outlook | None:
    return codes.outlook_of(form, case_sensitive=view.project.case_sensitive_codes)


async def examples(view: View) -> Response:
    """A piece of the form, for the script that shows examples while somebody types."""
    form = Form(view.query.pairs)
    return view.page("_examples.html", outlook=_outlook(view, form), form=form)


def _form(view: View, form: Form, status: int = 200) -> Response:
    # The examples' own faults stand beside the fields, but aren't a refusal of the whole.
    shown = Form([(name, form.text(name)) for name in codes.FIELDS])
    return view.page(
        "campaign_form.html", status, form=form, outlook=_outlook(view, shown), shown=shown, words=campaign_words,
        charsets=codes.CHARSETS, metadata_hint=HINT,
    )  # fmt: skip


def _summary(view: View, form: Form, sent: CampaignInput) -> Response:
    assert sent.voucher is not None
    hidden = [(name, form.text(name)) for name in FIELDS if form.text(name)]
    body = body_of(form, view.project.time_zone)
    return view.page(
        "campaign_summary.html", form=form, sent=sent, hidden=hidden, outlook=_outlook(view, form), body=_shown(body),
        worth=campaign_words.worth(body["voucher"]), words=campaign_words,
    )  # fmt: skip


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    """For developers: what was said, and nothing that is so anyway."""
    return {name: value for name, value in body.items() if value not in (None, False, {})}


PAGES = [
    Page("/campaigns/new", new, role="user"),
    Page("/campaigns/new", create, methods=["POST"]),
    Page("/campaigns/examples", examples),
]
