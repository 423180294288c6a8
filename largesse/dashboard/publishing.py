"""Publishing by hand: one code to one customer. A repetition is shown as one."""

from typing import Any, Final

from starlette.responses import Response

from largesse.actions.metadata_schemas import check_publication
from largesse.actions.publications import publication_request
from largesse.dashboard.fields import HINT, metadata_of
from largesse.dashboard.forms import SERVERS_FAULT, Form
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.customers import ID_PREFIX
from largesse.domain.errors import (
    DuplicateSourceId,
    LargesseError,
    MetadataValidationFailed,
    NotFound,
    NoVoucherSuitableForPublication,
    VoucherAlreadyPublished,
    VoucherCannotBePublished,
)
from largesse.domain.publications import Publication
from largesse.store.campaigns import get_campaign, list_campaigns
from largesse.store.lists import Narrowing
from largesse.store.publications import find_publications
from largesse.wire.parse import parse_value
from largesse.wire.publications import PublicationInput

CHANNEL: Final = "voucherify-web-ui"
"""Of a single publication that a user makes."""
CAMPAIGNS: Final = 100
_CUSTOMER: Final = {"customer_id": "id", "customer_source_id": "source_id", "email": "email", "customer_name": "name"}
_PATHS: Final = {f"customer.{path}": name for name, path in _CUSTOMER.items()}
_SAID: Final = {
    "already joined": ("customer_source_id", "This customer has a code of the campaign already, and gets no second."),
    "Voucher is disabled": ("voucher", "This code is disabled. Enable it first."),
    "Voucher is expired": ("voucher", "This code is expired."),
    "Voucher is held": ("voucher", "A distribution or an export holds this code at the moment. Try again later."),
    "Campaign is expired": ("campaign", "The campaign is over: it gives out no more codes."),
}
_NOT_FOUND: Final = {
    "campaign": ("campaign", "There is no campaign of this name."),
    "voucher": ("voucher", "There is no such code."),
    "customer": ("customer_id", "There is no customer with this id."),
}


async def new(view: View) -> Response:
    """Other pages say in the query what they know: a campaign, a voucher, a customer."""
    query = view.query
    customer, campaign = query.text("customer") or "", query.text("campaign") or ""
    name = "customer_id" if customer.startswith(ID_PREFIX) else "customer_source_id"
    if campaign:
        async with view.work() as scope:
            found = await get_campaign(scope.connection, scope.project.id, campaign)
        campaign = campaign if found is None else found.name
    form = Form([("campaign", campaign), ("voucher", query.text("voucher") or ""), (name, customer)])
    return await _form(view, form)


async def publish(view: View) -> Response:
    form = await view.form()
    body = _body(form)
    if not form.is_refused:
        try:
            made, is_replay = await _publish(view, parse_value(body, PublicationInput))
        except LargesseError as error:
            if error.status >= SERVERS_FAULT:
                raise
            _refuse(form, error)
        else:
            return view.go(f"/publish/{made.id}", replay="yes" if is_replay else None)
    return await _form(view, form, 400)


async def _publish(view: View, wanted: PublicationInput) -> tuple[Publication, bool]:
    """The publication, and whether it was there before. Raises what the API would."""
    services, project = view.services, view.project
    request = publication_request(
        wanted, services.ids, count_max=1, request_id=view.exchange.request_id, actor=view.user.id
    )
    if schemas := await services.keys.schemas(project.id):
        await check_publication(view.connected, project.id, schemas, request)
    made = await services.publisher.publish(project, request)
    return made, made.id != request.id


def _body(form: Form) -> dict[str, Any]:
    """The contract's body. What can't be one is a fault beside its field."""
    customer = {path: form.text(name) for name, path in _CUSTOMER.items() if form.text(name)}
    if not customer:
        form.fault("email", "Say who gets it: an e-mail address, a source id, or an id.")
    if form.text("campaign") and form.text("voucher"):
        form.fault("voucher", "Either a code, or a campaign: clear one of the two.")
    elif not form.text("campaign") and not form.text("voucher"):
        form.fault("campaign", "Say which campaign the code comes from, or the code itself.")
    body: dict[str, Any] = {
        "customer": customer,
        "channel": CHANNEL,
        "source_id": form.given("source_id"),
        "metadata": metadata_of(form),
        "join_once": form.checked("join_once"),
    }
    if form.text("voucher"):
        return body | {"voucher": form.text("voucher")}
    return body | {"campaign": {"name": form.text("campaign")}}


def _refuse(form: Form, error: LargesseError) -> None:
    """What the API says, beside the field that it is about."""
    said = error.details or error.message
    if isinstance(error, NotFound) and error.resource_type in _NOT_FOUND:
        form.fault(*_NOT_FOUND[error.resource_type])
    elif isinstance(error, VoucherAlreadyPublished):
        form.fault("voucher", "This code belongs to somebody already, and goes to nobody else.")
    elif isinstance(error, NoVoucherSuitableForPublication):
        form.fault("campaign", "The campaign has no free code left. Add codes to it first.")
    elif isinstance(error, DuplicateSourceId):
        form.fault("source_id", "Something else was published under this source id: each stands for one publication.")
    elif isinstance(error, MetadataValidationFailed):
        form.fault("metadata", said)
    elif isinstance(error, VoucherCannotBePublished) and (known := next((k for k in _SAID if k in said), None)):
        form.fault(*_SAID[known])
    else:
        form.refuse(error, _PATHS)


async def _form(view: View, form: Form, status: int = 200) -> Response:
    async with view.work() as scope:
        campaigns = await list_campaigns(
            scope.connection, scope.project, Narrowing(), order="-created_at", limit=CAMPAIGNS, offset=0
        )
    names = [one.name for one in campaigns if one.active]
    body = {"campaign": {"name": "…"}, "customer": {"source_id": "…"}, "channel": CHANNEL}
    return view.page("publish.html", status, form=form, campaigns=names, metadata_hint=HINT, body=body)


async def show(view: View) -> Response:
    """A publication that was made by hand, or any other."""
    publication_id = view.parameter("publication_id")
    async with view.work() as scope:
        found = await find_publications(scope.connection, scope.project.id, [publication_id])
        made = view.found(found.get(publication_id), "publication", publication_id)
        campaign = None
        if made.campaign_id is not None:
            campaign = await get_campaign(scope.connection, scope.project.id, made.campaign_id)
    is_replay = view.query.text("replay") == "yes"
    return view.page("published.html", made=made, campaign=campaign, is_replay=is_replay)


PAGES = [
    Page("/publish", new, role="user"),
    Page("/publish", publish, methods=["POST"]),
    Page("/publish/{publication_id}", show),
]
