"""/v1/events: custom events go in, and the log comes out (ours), in order and without a gap."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.events import track_event
from largesse.domain.errors import InvalidQueryParams, MetadataValidationFailed, NotFound
from largesse.events.payloads import LOGGED, shown
from largesse.http.requests import read_body, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.events import BEGINNING, Cursor, is_ahead, page_of_events
from largesse.wire.events import (
    EventInput,
    parse_cursor,
    render_cursor,
    render_custom_event,
    render_event,
    render_logged,
)
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, TEXT

PATH: Final = "/v1/events"
TYPES: Final = tuple(sorted(LOGGED))
_QUERY: Final[dict[str, dict[str, Any]]] = {
    "after": TEXT,
    "limit": {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    "type": {"type": "string", "enum": list(TYPES)},
}


async def create(request: Request) -> Response:
    """Tell what a customer did elsewhere"""
    sent = await read_body(request, EventInput)
    async with unit_of_work(request) as scope:
        frozen = await track_event(scope, sent)
    return respond(render_custom_event(frozen))


async def list_(request: Request) -> Response:
    """Read the event log from a cursor on; without one from its beginning"""
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    type_ = query.choice("type", TYPES)
    after = BEGINNING
    if (text := query.text("after")) is not None:
        if (parsed := parse_cursor(text)) is None:
            query.fault("after", "must be a cursor of an earlier answer")
        else:
            after = Cursor(*parsed)
    query.check()
    async with unit_of_work(request) as scope:
        if after != BEGINNING and await is_ahead(scope.connection, scope.project.id, after):
            raise InvalidQueryParams(
                "Property .after is ahead of the log: its database was restored from a dump since. Begin again"
            )
        found, end, has_more = await page_of_events(scope.connection, scope.project.id, after, limit, type=type_)
        project_id = scope.project.public_id
    data = [
        render_logged(
            render_event(one.id, one.type, one.entity_id, one.created_at, one.request_id, one.actor),
            shown(one),
            one.cursor,
            project_id,
        )
        for one in found
    ]
    return respond(
        {"object": "list", "data_ref": "data", "data": data, "cursor": render_cursor(end), "has_more": has_more}
    )


ROUTES = [
    Route(
        PATH,
        create,
        methods=["POST"],
        body=EventInput,
        errors=[NotFound, MetadataValidationFailed],
        missing="`referral` and `loyalty`; schemas of custom events",
    ),
    Route(PATH, list_, methods=["GET"], query=_QUERY, errors=[InvalidQueryParams]),
]
