"""The publication history: of the project here, of a campaign on its page. Every filter of the API, in the address."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from largesse.actions import exports
from largesse.actions.scope import Scope
from largesse.dashboard.clocks import day_of
from largesse.dashboard.forms import Form
from largesse.dashboard.listing import ROWS, Listing
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.errors import InvalidPayload, InvalidQueryParams
from largesse.domain.exports import PUBLICATION
from largesse.domain.filters import VALUELESS
from largesse.domain.publications import FILTERS
from largesse.domain.vouchers import VOUCHER_TYPES
from largesse.store import publications as store
from largesse.store.campaigns import list_campaigns
from largesse.store.lists import Narrowing
from largesse.wire.dates import render
from largesse.wire.exports import ExportInput
from largesse.wire.filters import parse_filter
from largesse.wire.lists import PUBLICATIONS_PAGE_MAX
from largesse.wire.parse import parse_value

DEFAULT: Final = "-created_at"
ORDERS: Final = {
    DEFAULT: "Newest first",
    "created_at": "Oldest first",
    "voucher_code": "Code, A–Z",
    "-voucher_code": "Code, Z–A",
    "customer_id": "Customer, A–Z",
    "-customer_id": "Customer, Z–A",
    "channel": "Channel, A–Z",
    "-channel": "Channel, Z–A",
    "tracking_id": "Tracking id, A–Z",
    "-tracking_id": "Tracking id, Z–A",
    "id": "Publication id, A–Z",
    "-id": "Publication id, Z–A",
}
RESULTS: Final = {"": "All", "SUCCESS": "Success", "FAILURE": "Failure"}
TYPES: Final = {"": "All", "discount": "Discount", "gift": "Gift card", "loyalty": "Loyalty card"}
REFERRALS: Final = {"": "All", "true": "Referral codes only", "false": "No referral codes"}
# Fields of the form that are a parameter of the API, and of an export a condition of that name.
_PARAMETERS: Final = {
    "campaign": "campaign",
    "customer": "customer",
    "code": "voucher",
    "result": "result",
    "source_id": "source_id",
}
# Those that are a condition in both.
_CONDITIONS: Final = ("channel", "failure_code")
MORE: Final = {
    "channel": "Channel",
    "created_at": "Date",
    "voucher_code": "Code",
    "customer_id": "Customer id",
    "campaign_name": "Campaign's name",
    "source_id": "Source id",
    "failure_code": "Reason of a failure",
    "result": "Result",
    "voucher_type": "Type of the code",
    "is_referral_code": "Is a referral code",
    "parent_object_id": "Campaign id",
    "related_object_id": "Voucher id",
    "tracking_id": "Tracking id",
    "id": "Publication id",
}
OPERATORS: Final = {
    "$is": "is",
    "$is_not": "is not",
    "$in": "is one of (commas between)",
    "$not_in": "is none of (commas between)",
    "$contains": "has in it",
    "$not_contain": "hasn't in it",
    "$starts_with": "begins with",
    "$ends_with": "ends with",
    "$has_value": "has any value",
    "$is_unknown": "has no value",
    "$more_than": "is more than, or after",
    "$more_than_equal": "is at least",
    "$less_than": "is less than, or before",
    "$less_than_equal": "is at most",
    "$more_than_ago": "was more than so many days ago",
    "$less_than_ago": "was less than so many days ago",
}
ROWS_OF_MORE: Final = (1, 2, 3)
FIELDS: Final = (
    *_PARAMETERS, *_CONDITIONS, "voucher_type", "referral", "from", "to", "metadata_key", "metadata_is",
    "metadata_value", *(f"{name}{row}" for row in ROWS_OF_MORE for name in ("field", "is", "value")),
)  # fmt: skip
EXPORTED: Final = ("voucher_code", "customer_id", "customer_source_id", "date", "channel", "campaign", "metadata")
CAMPAIGNS: Final = 100
COUNTED_TO: Final = ROWS * PUBLICATIONS_PAGE_MAX
"""Pages end there. More are counted only where the list wants to know."""
_TIE: Final = timedelta(milliseconds=1)


class Wanted(NamedTuple):
    """What a form asks for. `given` are parameters of the API, `conditions` its filter, `spans` bounds of the date."""

    given: dict[str, Any]
    conditions: dict[str, dict[str, Any]]
    spans: dict[str, datetime]

    def narrowing(self) -> Narrowing:
        """Raises InvalidPayload for conditions that don't go with their field."""
        words = {"voucher_type": VOUCHER_TYPES}
        given = {name: words.get(name, {}).get(value, value) for name, value in self.given.items()}
        return Narrowing(given | self.spans, parse_filter(self.conditions, FILTERS))

    def filters(self) -> dict[str, Any]:
        """All of it as the filter of an export."""
        merged = {name: {"conditions": dict(one["conditions"])} for name, one in self.conditions.items()}
        for name, value in self.given.items():
            _add(merged, name, "$is", value)
        for name, operator in (("created_after", "$after"), ("created_before", "$before")):
            if name in self.spans:
                _add(merged, "created_at", operator, render(self.spans[name]))
        return merged

    def path(self, order: str) -> str:
        """The same of the API."""
        pairs: list[tuple[str, Any]] = [("limit", ROWS), ("order", order)]
        pairs += [(name, "true" if value is True else value) for name, value in self.given.items()]
        spans = {"created_after": "created_at[after]", "created_before": "created_at[before]"}
        pairs += [(spans[name], render(moment)) for name, moment in self.spans.items()]
        for name, one in self.conditions.items():
            for operator, values in one["conditions"].items():
                pairs += [(f"filters[{name}][conditions][{operator}][{at}]", value) for at, value in enumerate(values)]
        return "/v1/publications?" + urlencode(pairs, safe="[]$:")


def _add(conditions: dict[str, dict[str, Any]], name: str, operator: str, *values: str) -> None:
    conditions.setdefault(name, {"conditions": {}})["conditions"].setdefault(operator, []).extend(values)


def read(form: Form, zone: str, **fixed: Any) -> Wanted:
    """What isn't a value is a fault. `fixed`: parameters that the page says itself."""
    given = {parameter: form.text(name) for name, parameter in _PARAMETERS.items() if form.text(name)} | fixed
    conditions: dict[str, dict[str, Any]] = {}
    for name in _CONDITIONS:
        if form.text(name):
            _add(conditions, name, "$is", form.text(name))
    for name, words in (("result", RESULTS), ("voucher_type", TYPES), ("referral", REFERRALS)):
        if form.text(name) not in words:
            form.fault(name, "Choose one of these.")
    if form.text("voucher_type"):
        given["voucher_type"] = form.text("voucher_type")
    if form.text("referral"):
        _add(conditions, "is_referral_code", "$is", form.text("referral"))
    _read_more(form, conditions)
    spans = {}
    if (first := day_of(form, "from", zone)) is not None:
        spans["created_after"] = first - _TIE
    if (last := day_of(form, "to", zone, after=1)) is not None:
        spans["created_before"] = last
    return Wanted(given, conditions, spans)


def _read_more(form: Form, conditions: dict[str, dict[str, Any]]) -> None:
    if form.text("metadata_key"):
        _condition(form, conditions, "metadata." + form.text("metadata_key"), "metadata_is", "metadata_value")
    elif form.text("metadata_value"):
        form.fault("metadata_key", "Say which key it is the value of.")
    for row in ROWS_OF_MORE:
        field = form.text(f"field{row}")
        if field in MORE:
            _condition(form, conditions, field, f"is{row}", f"value{row}")
        elif field:
            form.fault(f"field{row}", "Choose one of these.")


def _condition(form: Form, conditions: dict[str, dict[str, Any]], field: str, is_: str, value: str) -> None:
    operator = form.text(is_) or "$is"
    if operator not in OPERATORS:
        form.fault(is_, "Choose one of these.")
    elif operator in VALUELESS:
        _add(conditions, field, operator, "true")
    elif not form.text(value):
        form.fault(value, "Is needed.")
    elif operator in ("$in", "$not_in"):
        _add(conditions, field, operator, *[text.strip() for text in form.text(value).split(",") if text.strip()])
    else:
        _add(conditions, field, operator, form.text(value))


def asks_much(view: View) -> bool:
    """Whether the history is asked for what no index answers."""
    return any(text and name.startswith(("field", "metadata")) for name, text in view.query.pairs)


async def history(view: View, scope: Scope, **fixed: Any) -> dict[str, Any]:
    """What the history's template shows: the form, the page of the list, the same through the API; and the status."""
    query = view.query
    page = query.integer("page", minimum=1, maximum=PUBLICATIONS_PAGE_MAX, default=1)
    order = query.text("order") or DEFAULT
    query.check()
    form = Form(query.pairs)
    if order not in ORDERS:
        form.fault("order", "Choose one of these.")
    wanted = read(form, view.project.time_zone, **fixed)
    found: list[Any] = []
    total = counted_to = 0
    if not form.is_refused:
        try:
            narrowing = wanted.narrowing()
            counted_to = max(COUNTED_TO, store.LIST.gathered_max(narrowing, order))
            total = await store.count_publications(scope.connection, scope.project, narrowing, up_to=counted_to)
            found = await store.list_publications(
                scope.connection, scope.project, narrowing, order=order, limit=ROWS, offset=(page - 1) * ROWS,
                total=total,
            )  # fmt: skip
        except (InvalidPayload, InvalidQueryParams) as error:
            form.refuse(error, _paths(form))
    asked = [name for name in FIELDS if form.text(name) and not name.endswith(("_is", "is1", "is2", "is3"))]
    return {
        "form": form,
        "listing": Listing(
            view, found, page=page, total=total, order=order, page_max=PUBLICATIONS_PAGE_MAX, counted_to=counted_to
        ),
        "asked": asked,
        "hidden": [(name, form.text(name)) for name in FIELDS if form.text(name)],
        "more_open": any(name.startswith(("field", "value", "metadata")) for name in asked),
        "path": wanted.path(order if order in ORDERS else DEFAULT),
        "status": 400 if form.is_refused else 200,
        **WORDS,
    }


def _paths(form: Form) -> dict[str, str]:
    """Where the fault of a condition belongs: to the row that asked for it."""
    paths = {"filter.channel": "channel", "filter.failure_code": "failure_code"}
    rows = [(form.text(f"field{row}"), form.text(f"is{row}") or "$is", f"value{row}") for row in ROWS_OF_MORE]
    if key := form.text("metadata_key"):
        rows.append((f"metadata.{key}", form.text("metadata_is") or "$is", "metadata_value"))
    for field, operator, name in rows:
        paths[f"filter.{field}.conditions.{operator}"] = paths[f"filter.{field}.{operator}"] = name
    return paths


WORDS: Final[Mapping[str, Any]] = {
    "orders": list(ORDERS.items()),
    "results": list(RESULTS.items()),
    "types": list(TYPES.items()),
    "referrals": list(REFERRALS.items()),
    "more": [("", "—"), *MORE.items()],
    "operators": list(OPERATORS.items()),
    "rows_of_more": ROWS_OF_MORE,
}


async def list_(view: View) -> Response:
    async with view.work(heavy=asks_much(view)) as scope:
        shown = await history(view, scope)
        campaigns = await list_campaigns(
            scope.connection, scope.project, Narrowing(), order="-created_at", limit=CAMPAIGNS, offset=0
        )
    return view.page("publications.html", campaigns=[one.name for one in campaigns], **shown)


async def export(view: View) -> Response:
    """An export of what the filters say; its page says when the file is there."""
    form = await view.form()
    fixed = {"parent_object_id": form.text("parent_object_id")} if form.text("parent_object_id") else {}
    wanted = read(form, view.project.time_zone, **fixed)
    if not form.is_refused:
        with form.refusing():
            parameters = {"filters": wanted.filters(), "fields": list(EXPORTED)}
            sent = parse_value({"exported_object": PUBLICATION, "parameters": parameters}, ExportInput)
            async with view.work() as scope:
                made = await exports.create_export(scope, sent)
            return view.go(f"/exports/{made.id}", "The export has begun. Its file can be downloaded here.")
    raise InvalidQueryParams("; ".join([*form.errors.values(), *form.problems]).rstrip("."))


PAGES = [
    Page("/publications", list_),
    Page("/publications/export", export, methods=["POST"]),
]
