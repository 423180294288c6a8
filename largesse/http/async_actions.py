"""/v1/async-actions"""

from starlette.requests import Request
from starlette.responses import Response

from largesse.domain.async_actions import scopes_of
from largesse.domain.errors import InvalidQueryParams, NotFound
from largesse.http.requests import path_parameter, read_query, require_scopes, respond, unit_of_work
from largesse.http.routing import Route
from largesse.store.async_actions import get_async_action, list_async_actions
from largesse.wire.async_actions import render_async_action
from largesse.wire.lists import LIMIT_DEFAULT, LIMIT_MAX, MOMENT, page_schema


async def get(request: Request) -> Response:
    """Get an async action"""
    action_id = path_parameter(request, "async_action_id")
    async with unit_of_work(request) as scope:
        action = await get_async_action(scope.connection, scope.project.id, action_id)
    if action is None:
        raise NotFound.of("async_action", action_id)
    require_scopes(request, scopes_of(action))
    return respond(render_async_action(action))


async def list_(request: Request) -> Response:
    """List async actions, newest first"""
    query = read_query(request)
    limit = query.integer("limit", minimum=1, maximum=LIMIT_MAX, default=LIMIT_DEFAULT)
    before = query.date_time("end_date")
    query.check()
    async with unit_of_work(request) as scope:
        connection, project_id = scope.connection, scope.project.id
        found = await list_async_actions(connection, project_id, before=before, limit=limit)
        last = found[-1].created_at if found else None
        has_more = last is not None and bool(await list_async_actions(connection, project_id, before=last, limit=1))
    return respond(
        {
            "object": "list",
            "data_ref": "async_actions",
            "async_actions": [render_async_action(action, with_result=False) for action in found],
            "has_more": has_more,
        }
    )


ROUTES = [
    Route(
        "/v1/async-actions",
        list_,
        methods=["GET"],
        query={"limit": page_schema((), 1)["limit"], "end_date": MOMENT},
        errors=[InvalidQueryParams],
    ),
    Route("/v1/async-actions/{async_action_id}", get, methods=["GET"], errors=[NotFound]),
]
