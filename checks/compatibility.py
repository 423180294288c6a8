"""COMPATIBILITY.md, made from the routes and the contract's list of operations: `python -m checks.compatibility`.

An operation that a route serves stands as full, or as partial where the route says what is missing; every other one is
absent and answers 501. The house check compares the file with what this makes.
"""

import sys
from pathlib import Path
from typing import Final

from largesse.http.absent import contract_operations, older_operations
from largesse.http.routes import all_routes

FILE: Final = Path(__file__).parent.parent / "COMPATIBILITY.md"

HEAD: Final = """\
# Compatibility

Largesse speaks the wire format of Voucherify's API `v2018-08-01`. This page says how much of it, operation by operation;
it is generated from the routes (`python -m checks.compatibility`), not written by hand.

**full**: every documented rule that doesn't need another, absent operation. **partial**: usable, with what is missing
said beside it. **absent**: answers 501 with the key `not_implemented`.

## Clients

The test suite drives PyPI `voucherify` 6.1 and npm `@voucherify/sdk` 2.9, unmodified, against a real server.

| client | what to know |
| --- | --- |
| Python, `channel` | The client's create answer knows only the channel `API` and raises on any other while parsing, after the code was published. We return the true channel. Leave `channel` out, or read the publication with `list_publications(source_id=…)`, which accepts every channel. |
| Python, `referee_reward` | The client takes a referral campaign's `referee_reward.amount` for a text and raises while parsing a campaign, or a list with one, that has it. We return the documented number. |
| Python, `count` | The client refuses more than 20 codes in one publication before sending; the server takes 50. |
| Python, nulls | It sends explicit nulls for unset fields. Null on create means absent; on update, in bulk too, it clears a field. A body of its `from_dict` has all nullable keys: its nulls mean nothing. One of its constructor has only what was given: its nulls clear. So of an object with all nullable keys none is cleared. |
| Node `voucherify` 1.x, 2.x | `publish` posts to `/v1/vouchers/publish` and gets the voucher, with its publications; for several codes the publication. Without a customer it is refused (400). |
| JavaScript 2.x | `vouchers.create` without a code posts to `/v1/vouchers/`: a slash at the end of a path says nothing, on all routes. |
| JavaScript 2.x, 3.x | They ask for an async action again only while it is `IN_PROGRESS`: it is from the start, and never `ENQUEUED`. |
| JavaScript 2.x, 3.x | An empty value in a query (`start_date=`) is as good as none, on every list and summary. A bare number as the body of `POST /v1/campaigns/{id}/vouchers` is an empty body. |
| all | Validation rules: a product without `effect` is answered with `APPLY_TO_EVERY` and `strict: false`, a single rule with its `logic`; rules about items have a short and a long name (`aggregated_quantity`, `order.items.aggregated_quantity`); `customer_segment` is `customer.segment`. |
| all | What isn't set: customers and campaigns without metadata have no key `metadata` (vouchers, publications and their customers have it), customers have `address: null`, a last page has no `more_starting_after`. |
| all | A campaign uses the vouchers' metadata schema unless `use_voucher_metadata_schema` is false. |
| all | A code can't be a word of a path: `publish`, `qualification`, `import`, `importCSV`, `bulk`, `metadata`, `enable`, `disable`. |
| JavaScript 2.x | It sends `join_once` in the body, newer clients in the query. Both work; the query wins. |
| JavaScript, client side | `publish(campaign)` names the campaign in the query. A source in the body goes before it. |

## Lists

Lists by `page` end where the contract says (page 99, 100 or 1,000). All of them whose rows have ids also take
`starting_after_id`, which is ours there: the id of the last row seen, in any `order`. Its answers have `has_more`, and as
long as there is more `more_starting_after`; nothing is shown twice or left out, whatever is added meanwhile. An id that
the list never had is refused. `starting_after` of customers and `end_date` of async actions are moments: where several
rows share the last moment of a page, the page has all of them, and may be longer than its `limit`. Customers who are
created together get moments a millisecond apart, so that it hardly ever is.

## Operations
"""


OLDER: Final = """
## Older operations, and those beside the contract

`POST /v1/vouchers/publish`, `POST /client/v1/publish` and `GET /v1/vouchers/{code}/publications` are served. These are
known and answer 501 with the sentence beside them:

| operation | what is said |
| --- | --- |"""


def compatibility() -> str:
    """The whole page."""
    served = {(method, _shape(route.path)): route for route in all_routes() for method in route.methods or ()}
    rows = []
    for method, path in contract_operations():
        route = served.get((method, _shape(path)))
        missing = getattr(route, "missing", "")
        status = "absent" if route is None else "partial" if missing else "full"
        rows.append((status, f"| `{method} {path}` | {status} | {missing} |"))
    counts = {status: sum(row[0] == status for row in rows) for status in ("full", "partial", "absent")}
    summary = ", ".join(f"{count} {status}" for status, count in counts.items())
    lines = [
        f"{len(rows)} operations: {summary}.",
        "",
        "| operation | status | what is missing |",
        "| --- | --- | --- |",
    ]
    older = [f"| `{method} {path}` | {said} |" for method, path, said in older_operations()]
    return "\n".join([HEAD, *lines, *(line for _, line in rows), OLDER, *older, ""])


def _shape(path: str) -> str:
    """The path without the names of its parameters, which the contract and we choose differently."""
    return "/".join("{}" if segment.startswith("{") else segment for segment in path.split("/"))


if __name__ == "__main__":
    FILE.write_text(compatibility())
    sys.stdout.write(f"{FILE.name} written\n")
