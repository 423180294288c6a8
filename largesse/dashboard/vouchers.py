"""Vouchers: found by any part of their code, with everything that is known of one."""

import secrets
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.responses import Response

from largesse.actions import vouchers as actions
from largesse.actions.transactions import change_balance
from largesse.dashboard import words
from largesse.dashboard.clocks import moment_of
from largesse.dashboard.forms import Form
from largesse.dashboard.listing import ROWS, Listing
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.errors import InvalidQueryParams
from largesse.domain.vouchers import DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD, Voucher
from largesse.store import customers, publications, vouchers
from largesse.store.lists import Narrowing
from largesse.store.provenance import list_provenance, name_actors
from largesse.store.searches import COUNTED_TO, search_vouchers
from largesse.store.transactions import list_transactions
from largesse.wire.lists import present
from largesse.wire.parse import parse_value
from largesse.wire.transactions import BalanceInput
from largesse.wire.vouchers import VoucherInput

PAGES_MAX: Final = 1_000
ENTRIES: Final = 10
PART_LENGTH_MAX: Final = 200
ORDERS: Final = ("created_at", "updated_at", "code")
_KINDS: Final = (
    (DISCOUNT_VOUCHER, "Discount", "a part of the price, or an amount"),
    (GIFT_VOUCHER, "Gift card", "credits to spend"),
    (LOYALTY_CARD, "Loyalty card", "points to collect"),
)


async def list_(view: View) -> Response:
    query = view.query
    page = query.page(orders=ORDERS, page_max=PAGES_MAX)
    part, campaign_id = (query.text("q") or "").strip()[:PART_LENGTH_MAX], query.text("campaign_id") or None
    query.check()
    order = ("-" if page.descending else "") + page.order
    problem, total = "", 0
    found: list[Voucher] = []
    async with view.work(heavy=bool(part)) as scope:
        try:
            if part:
                total, found = await search_vouchers(
                    scope.connection,
                    scope.project,
                    part,
                    campaign_id=campaign_id,
                    limit=ROWS,
                    offset=(page.page - 1) * ROWS,
                )
            else:
                narrowing = Narrowing(present(campaign_id=campaign_id))
                total = await vouchers.count_vouchers(scope.connection, scope.project, narrowing)
                found = await vouchers.list_vouchers(
                    scope.connection,
                    scope.project,
                    narrowing,
                    order=order,
                    limit=ROWS,
                    offset=(page.page - 1) * ROWS,
                    total=total,
                )
        except InvalidQueryParams:
            problem = "That search takes too long on so many codes. Type more of the code, or choose a campaign."
    listing = Listing(
        view, found, page=page.page, total=total, order="" if part else order, page_max=PAGES_MAX,
        counted_to=COUNTED_TO if part and campaign_id is None else None,
    )  # fmt: skip
    return view.page(
        "vouchers.html", 400 if problem else 200, listing=listing, problem=problem, part=part,
        campaign_id=campaign_id, words=words,
    )  # fmt: skip


async def show(view: View) -> Response:
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200) -> Response:
    async with view.work() as scope:
        connection, project = scope.connection, scope.project
        voucher = await actions.get_voucher(scope, view.parameter("code"))
        facts = await list_provenance(connection, project.id, voucher)
        holder = None
        if voucher.holder_id is not None:
            (holder,) = await customers.list_customers(
                connection,
                project,
                Narrowing({"customer_id": voucher.holder_id}),
                order="-created_at",
                limit=1,
                offset=0,
            ) or (None,)
        values: dict[str, Any] = {
            "publications": await publications.list_publications(
                connection, project, Narrowing({"voucher_id": voucher.id}), order="-created_at", limit=ENTRIES, offset=0
            ),
            "transactions": []
            if voucher.type == DISCOUNT_VOUCHER
            else await list_transactions(
                connection, project, voucher, None, after=None, limit=ENTRIES, newest_first=True
            ),
            "names": await name_actors(connection, project.id, [fact.actor for fact in facts]),
        }
    return view.page(
        "voucher.html", status, voucher=voucher, holder=holder, facts=facts, form=form, words=words,
        pictures=_pictures(view, voucher), once=f"form-{secrets.token_hex(12)}", **values,
    )  # fmt: skip


def _pictures(view: View, voucher: Voucher) -> dict[str, str]:
    """The addresses of its QR code and barcode on this host, wherever clients are told to find them."""
    assets = view.services.assets(view.project.id)(voucher.id)
    return {kind: urlsplit(assets[kind]["url"]).path for kind in ("qr", "barcode")}


async def new(view: View) -> Response:
    return view.page("voucher_form.html", form=Form.of(type=DISCOUNT_VOUCHER, percent_off=10, quantity=1), kinds=_KINDS)


async def create(view: View) -> Response:
    form = await view.form()
    body = _body(form, view.project.time_zone)
    if not form.is_refused:
        with form.refusing(_FIELDS):
            sent = parse_value(body, VoucherInput)
            async with view.work() as scope:
                voucher = await actions.create_voucher(scope, sent)
            return view.go(f"/vouchers/{voucher.id}", f"The code {voucher.code} is there.")
    return view.page("voucher_form.html", 400, form=form, kinds=_KINDS)


_FIELDS: Final = {
    "discount.percent_off": "percent_off",
    "gift.amount": "credits",
    "loyalty_card.points": "points",
    "redemption.quantity": "quantity",
    "code": "code",
    "expiration_date": "expiration_date",
    "start_date": "start_date",
}


def _body(form: Form, zone: str) -> dict[str, Any]:
    """The contract's body of what the form says."""
    kind = form.text("type")
    body: dict[str, Any] = {
        "type": kind,
        "code": form.given("code"),
        "start_date": moment_of(form, "start_date", zone),
        "expiration_date": moment_of(form, "expiration_date", zone),
        "additional_info": form.given("additional_info"),
    }
    if kind == GIFT_VOUCHER:
        body["gift"] = {"amount": form.money("credits")}
    elif kind == LOYALTY_CARD:
        body["loyalty_card"] = {"points": form.integer("points")}
    else:
        body["discount"] = {"type": "PERCENT", "percent_off": form.number("percent_off")}
        body["redemption"] = {"quantity": form.integer("quantity")}
    return body


async def switch(view: View) -> Response:
    form = await view.form()
    active = form.text("to") == "enabled"
    async with view.work() as scope:
        voucher = await actions.switch_voucher(scope, view.parameter("code"), active=active)
    return view.go(f"/vouchers/{voucher.id}", f"{voucher.code} is {'enabled' if active else 'disabled'}.")


async def balance(view: View) -> Response:
    form = await view.form()
    async with view.work() as scope:
        voucher = await actions.get_voucher(scope, view.parameter("code"))
    amount = form.money("amount") if voucher.type == GIFT_VOUCHER else form.integer("amount")
    if amount is None:
        form.fault("amount", "How much? With a minus sign it is taken away.")
    elif amount < -voucher.balance:  # said here in the card's own unit; whether it is so is decided with the change
        form.fault("amount", f"No more than {words.balance(voucher)} can be taken away.")
    if not form.is_refused:
        with form.refusing():
            body = {"amount": amount, "reason": form.given("reason"), "source_id": form.given("once")}
            sent = parse_value(body, BalanceInput)
            async with view.work() as scope:
                await change_balance(scope, voucher.id, sent.checked())
            return view.go(f"/vouchers/{voucher.id}", f"The balance of {voucher.code} was changed.")
    return await _show(view, form, 400)


async def ask_to_delete(view: View) -> Response:
    async with view.work() as scope:
        voucher = await actions.get_voucher(scope, view.parameter("code"))
    return view.page("voucher_delete.html", voucher=voucher, form=Form())


async def delete(view: View) -> Response:
    form = await view.form()
    async with view.work() as scope:
        voucher = await actions.get_voucher(scope, view.parameter("code"))
        if form.confirms(voucher.code):
            await actions.delete_voucher(scope, voucher.id, force=form.checked("force"))
            return view.go("/vouchers", f"{voucher.code} was deleted.")
    return view.page("voucher_delete.html", 400, voucher=voucher, form=form)


PAGES = [
    Page("/vouchers", list_),
    Page("/vouchers/new", new, role="user"),
    Page("/vouchers/new", create, methods=["POST"]),
    Page("/vouchers/{code}", show),
    Page("/vouchers/{code}/switch", switch, methods=["POST"]),
    Page("/vouchers/{code}/balance", balance, methods=["POST"]),
    Page("/vouchers/{code}/delete", ask_to_delete, role="user"),
    Page("/vouchers/{code}/delete", delete, methods=["POST"]),
]
