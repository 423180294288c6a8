"""/management/v1/projects/{id}/keys: ours, the contract has no operations for keys."""

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import keys
from largesse.domain.errors import NotFound
from largesse.domain.keys import SERVER
from largesse.http.edge import MANAGEMENT_KEYS
from largesse.http.requests import (
    expect_no_body,
    path_parameter,
    read_body,
    respond,
    respond_empty,
    work_on_project,
)
from largesse.http.routing import Route
from largesse.store.keys import list_keys
from largesse.wire.keys import KeyInput, render_key

PATH = "/management/v1/projects/{project_id}/keys"


async def create(request: Request) -> Response:
    """Create a key of the project; its token is shown this once"""
    sent = await read_body(request, KeyInput)
    async with work_on_project(request) as scope:
        key, token = await keys.create_key(
            scope.connection, scope.project, kind=sent.type or SERVER, name=sent.name or "", limits=sent.limits()
        )
    return respond(render_key(key, token))


async def list_(request: Request) -> Response:
    """List the keys of the project, oldest first, revoked ones too"""
    async with work_on_project(request) as scope:
        data = [render_key(key) for key in await list_keys(scope.connection, scope.project)]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": len(data)})


async def get(request: Request) -> Response:
    """Get a key, without its token"""
    async with work_on_project(request) as scope:
        key = await keys.get_key(scope.connection, path_parameter(request, "key_id"), scope.project)
    return respond(render_key(key))


async def rotate(request: Request) -> Response:
    """Give a key another token, shown this once; the old one dies at once"""
    await expect_no_body(request)
    async with work_on_project(request) as scope:
        key, token = await keys.rotate_key(scope.connection, path_parameter(request, "key_id"), scope.project)
    return respond(render_key(key, token))


async def revoke(request: Request) -> Response:
    """Revoke a key for ever"""
    async with work_on_project(request) as scope:
        await keys.revoke_key(scope.connection, path_parameter(request, "key_id"), scope.project)
    return respond_empty()


ROUTES = [
    Route(PATH, create, methods=["POST"], body=KeyInput, errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(PATH, list_, methods=["GET"], errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(f"{PATH}/{{key_id}}", get, methods=["GET"], errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(f"{PATH}/{{key_id}}", revoke, methods=["DELETE"], errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(f"{PATH}/{{key_id}}/rotate", rotate, methods=["POST"], errors=[NotFound], keys=MANAGEMENT_KEYS),
]
