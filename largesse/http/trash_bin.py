"""/v1/trash-bin"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.trash_bin import remove_entry
from largesse.domain.errors import InvalidQueryParams, NotFound, QueryTooLarge
from largesse.domain.trash_bin import FILTERS
from largesse.http.requests import path_parameter, read_query, respond, respond_empty, unit_of_work
from largesse.http.routing import Route
from largesse.store.lists import Narrowing
from largesse.store.trash_bin import count_entries, list_entries
from largesse.wire.filters import read_filter
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, TEXT, more_after, page_schema, present
from largesse.wire.trash_bin import render_entry

PATH: Final = "/v1/trash-bin"
ORDERS: Final = ("id", "-id")


async def list_(request: Request) -> Response:
    """List what lies in the bin, newest first"""
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    order = query.choice("order", ORDERS) or "-id"
    after = query.text("starting_after_id")
    wanted = read_filter(query, FILTERS)
    query.check()
    cursor = present(**{"cursor_before" if order == "-id" else "cursor_after": after})
    async with unit_of_work(request) as scope:
        found = await list_entries(
            scope.connection,
            scope.project,
            Narrowing(cursor, wanted),
            order=order,
            limit=limit + 1,  # one more tells whether there are more
        )
        total = await count_entries(scope.connection, scope.project, Narrowing({}, wanted))
    data, has_more = [render_entry(entry) for entry in found[:limit]], len(found) > limit
    return respond(
        {
            "object": "list",
            "data_ref": "data",
            "data": data,
            "total": total,
            "has_more": has_more,
            **more_after(data[-1]["id"] if has_more else None),
        }
    )


async def delete(request: Request) -> Response:
    """Remove something from the bin for good: its name or code is free"""
    async with unit_of_work(request) as scope:
        await remove_entry(scope, path_parameter(request, "entry_id"))
    return respond_empty()


ROUTES = [
    Route(
        PATH,
        list_,
        methods=["GET"],
        query={name: schema for name, schema in page_schema(("id",), 1).items() if name != "page"}
        | {"starting_after_id": TEXT, "filters": {"type": "object"}},
        errors=[InvalidQueryParams, QueryTooLarge],
    ),
    Route(f"{PATH}/{{entry_id}}", delete, methods=["DELETE"], errors=[NotFound]),
]
