"""Customers: found by any part of name, address or source id; their codes, and what happened to them."""

from typing import Any, Final

from starlette.responses import Response

from largesse.actions import customers as actions
from largesse.actions.segments import segments_of
from largesse.dashboard import words
from largesse.dashboard.fields import metadata_of, metadata_text
from largesse.dashboard.forms import Form
from largesse.dashboard.listing import ROWS, Listing
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.activity import wanted_types
from largesse.domain.customers import ADDRESS, Customer
from largesse.domain.errors import InvalidQueryParams
from largesse.store import customers
from largesse.store.activity import list_activity
from largesse.store.customers import cards_of
from largesse.store.lists import Narrowing
from largesse.store.publications import find_publications
from largesse.store.redeemables import list_redeemables
from largesse.store.searches import search_customers
from largesse.wire.customers import CustomerInput
from largesse.wire.nulls import Nulls
from largesse.wire.parse import parse_value

PAGES_MAX: Final = 1_000
PART_LENGTH_MAX: Final = 200
WALLET: Final = 50
ACTIVITIES: Final = 25
ORDERS: Final = ("created_at", "updated_at", "source_id")
_TEXTS: Final = ("name", "email", "phone", "description", "birthdate")


async def list_(view: View) -> Response:
    query = view.query
    page = query.page(orders=ORDERS, page_max=PAGES_MAX)
    part = (query.text("q") or "").strip()[:PART_LENGTH_MAX]
    query.check()
    order = ("-" if page.descending else "") + page.order
    problem, total = "", 0
    found: list[Customer] = []
    offset = (page.page - 1) * ROWS
    async with view.work(heavy=bool(part)) as scope:
        try:
            if part:
                total, found = await search_customers(scope.connection, scope.project, part, limit=ROWS, offset=offset)
            else:
                everybody = Narrowing()
                total = await customers.count_customers(scope.connection, scope.project, everybody)
                found = await customers.list_customers(
                    scope.connection, scope.project, everybody, order=order, limit=ROWS, offset=offset, total=total
                )
        except InvalidQueryParams:
            problem = "That search takes too long on so many customers. Type more of the name or address."
    listing = Listing(view, found, page=page.page, total=total, order="" if part else order, page_max=PAGES_MAX)
    return view.page("customers.html", 400 if problem else 200, listing=listing, problem=problem, part=part)


async def show(view: View) -> Response:
    """The profile, the codes that the customer holds, and what happened, newest first."""
    query = view.query
    after = query.text("after")
    async with view.work() as scope:
        connection, project = scope.connection, scope.project
        customer = await actions.get_customer(scope, view.parameter("customer_id"))
        happened = await list_activity(
            connection, project.id, customer, wanted_types(None, None), start=None, end=None, campaign_id=None,
            campaign_type=None, after=after, newest_first=True, limit=ACTIVITIES + 1,
        )  # fmt: skip
        page = happened[:ACTIVITIES]
        values: dict[str, Any] = {
            "wallet": await list_redeemables(
                connection, project, {"customer": customer.id}, None, after=None, descending=True, limit=WALLET + 1
            ),
            "segments": await segments_of(scope, customer.id),
            "cards": (await cards_of(connection, project.id, [customer.id])).get(customer.id),
            "publications": await find_publications(connection, project.id, [one.subject for one in page]),
        }
    return view.page(
        "customer.html", customer=customer, happened=page, older=page[-1].id if len(happened) > ACTIVITIES else None,
        after=after, words=words, wallet_max=WALLET, **values,
    )  # fmt: skip


async def new(view: View) -> Response:
    return view.page("customer_form.html", form=Form(), customer=None)


async def create(view: View) -> Response:
    form = await view.form()
    body = _body(form) | {"source_id": form.given("source_id")}
    if not form.is_refused:
        with form.refusing(_FIELDS):
            sent = parse_value(body, CustomerInput)
            async with view.work() as scope:
                customer = await actions.save_customer(scope, sent)
            return view.go(f"/customers/{customer.id}", "The customer is there.")
    return view.page("customer_form.html", 400, form=form, customer=None)


async def edit(view: View) -> Response:
    customer = await _find(view)
    address = customer.address or {}
    form = Form.of(
        **{name: getattr(customer, name) for name in _TEXTS},
        **{name: address.get(name) for name in ADDRESS},
        metadata=metadata_text(customer.metadata),
    )
    return view.page("customer_form.html", form=form, customer=customer)


async def update(view: View) -> Response:
    """What is empty in the form is unset. Metadata: keys that aren't named any more stay, as in the API."""
    form, customer = await view.form(), await _find(view)
    body = _body(form)
    if not form.is_refused:
        with form.refusing(_FIELDS):
            profile = parse_value(body, CustomerInput).profile(Nulls.CLEAR)
            async with view.work() as scope:
                await actions.update_customer(scope, customer.id, profile)
            return view.go(f"/customers/{customer.id}", "The profile was changed.")
    return view.page("customer_form.html", 400, form=form, customer=customer)


async def ask_to_delete(view: View) -> Response:
    return view.page("customer_delete.html", customer=await _find(view), form=Form())


async def delete(view: View) -> Response:
    form, customer = await view.form(), await _find(view)
    if not form.confirms(called(customer)):
        return view.page("customer_delete.html", 400, customer=customer, form=form)
    async with view.work() as scope:
        if form.checked("force"):
            await actions.erase_customer(scope, customer.id)
        else:
            await actions.delete_customer(scope, customer.id)
    return view.go("/customers", "The customer was deleted. Publications stay: they are facts.")


def called(customer: Customer) -> str:
    """What people call somebody."""
    return customer.name or customer.email or customer.source_id or customer.id


async def _find(view: View) -> Customer:
    async with view.work() as scope:
        return await actions.get_customer(scope, view.parameter("customer_id"))


_FIELDS: Final = {name: name for name in (*_TEXTS, "source_id", "metadata")} | {
    f"address.{name}": name for name in ADDRESS
}


def _body(form: Form) -> dict[str, Any]:
    body: dict[str, Any] = {name: form.given(name) for name in _TEXTS}
    body["address"] = {name: form.given(name) for name in ADDRESS}
    body["metadata"] = metadata_of(form)
    return body


PAGES = [
    Page("/customers", list_),
    Page("/customers/new", new, role="user"),
    Page("/customers/new", create, methods=["POST"]),
    Page("/customers/{customer_id}", show),
    Page("/customers/{customer_id}/edit", edit, role="user"),
    Page("/customers/{customer_id}/edit", update, methods=["POST"]),
    Page("/customers/{customer_id}/delete", ask_to_delete, role="user"),
    Page("/customers/{customer_id}/delete", delete, methods=["POST"]),
]
