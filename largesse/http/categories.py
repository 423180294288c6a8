"""/v1/categories"""

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import categories
from largesse.domain.errors import DuplicateFound, NotFound
from largesse.http.requests import path_parameter, read_body, respond, respond_empty, unit_of_work
from largesse.http.routing import Route
from largesse.store.categories import list_categories
from largesse.wire.categories import CategoryInput, render_category


async def create(request: Request) -> Response:
    """Create a category"""
    sent = await read_body(request, CategoryInput)
    async with unit_of_work(request) as scope:
        category = await categories.create_category(scope, sent.name, sent.hierarchy)
    return respond(render_category(category))


async def get(request: Request) -> Response:
    """Get a category"""
    async with unit_of_work(request) as scope:
        category = await categories.get_category(scope, path_parameter(request, "category_id"))
    return respond(render_category(category))


async def update(request: Request) -> Response:
    """Update a category"""
    sent = await read_body(request, CategoryInput)
    async with unit_of_work(request) as scope:
        category_id = path_parameter(request, "category_id")
        category = await categories.update_category(scope, category_id, sent.name, sent.hierarchy)
    return respond(render_category(category))


async def delete(request: Request) -> Response:
    """Delete a category"""
    async with unit_of_work(request) as scope:
        await categories.delete_category(scope, path_parameter(request, "category_id"))
    return respond_empty()


async def list_(request: Request) -> Response:
    """List all categories"""
    async with unit_of_work(request) as scope:
        found, has_more = await list_categories(scope.connection, scope.project.id)
    data = [render_category(category) for category in found]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": len(data), "has_more": has_more})


ROUTES = [
    Route("/v1/categories", create, methods=["POST"], body=CategoryInput, errors=[DuplicateFound]),
    Route("/v1/categories", list_, methods=["GET"]),
    Route("/v1/categories/{category_id}", get, methods=["GET"], errors=[NotFound]),
    Route(
        "/v1/categories/{category_id}", update, methods=["PUT"], body=CategoryInput, errors=[NotFound, DuplicateFound]
    ),
    Route("/v1/categories/{category_id}", delete, methods=["DELETE"], errors=[NotFound]),
]
