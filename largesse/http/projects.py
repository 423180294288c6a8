"""/management/v1/projects"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import projects
from largesse.actions.keys import create_key
from largesse.domain.errors import DuplicateFound, InvalidPayload, NotFound
from largesse.domain.keys import CLIENT, SERVER
from largesse.domain.projects import ProjectRecord
from largesse.http.edge import MANAGEMENT_KEYS
from largesse.http.requests import (
    operators_work,
    path_parameter,
    read_body,
    respond,
    respond_empty,
    services,
)
from largesse.http.routing import Route
from largesse.store.projects import list_records
from largesse.wire.projects import ProjectChangesInput, ProjectInput, render_project

PATH = "/management/v1/projects"
UNBUILT = (
    "switches of client-side operations other than publishing, notifications and the default charset are kept and"
    " shown, and switch nothing yet"
)


async def create(request: Request) -> Response:
    """Create a project, with a server and a client-side key, whose tokens are shown this once"""
    sent = await read_body(request, ProjectInput)
    async with operators_work(request) as connection:
        record = await projects.create_project(
            connection,
            services(request).ids,
            sent.name,
            sent.changes(),
            case_sensitive_codes=sent.case_sensitive_codes is not False,
        )
        keys = {}
        for name, kind in (("server_side_key", SERVER), ("client_side_key", CLIENT)):
            key, token = await create_key(connection, record.project, kind=kind, name="first")
            keys[name] = {"app_id": key.app_id, "app_token": token}
    return respond(_render(request, record) | keys)


async def list_(request: Request) -> Response:
    """List all projects, oldest first"""
    async with operators_work(request) as connection:
        data = [_render(request, record) for record in await list_records(connection)]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": len(data)})


async def get(request: Request) -> Response:
    """Get a project"""
    async with operators_work(request) as connection:
        record = await projects.get_record(connection, path_parameter(request, "project_id"))
    return respond(_render(request, record))


async def update(request: Request) -> Response:
    """Change settings of a project; running servers follow at once"""
    sent = await read_body(request, ProjectChangesInput)
    async with operators_work(request) as connection:
        project = (await projects.get_record(connection, path_parameter(request, "project_id"))).project
        if sent.case_sensitive_codes not in {None, project.case_sensitive_codes}:
            raise InvalidPayload("Property .case_sensitive_codes cannot be changed: it is fixed with the project")
        await projects.update_project(connection, project.public_id, sent.changes())
        record = await projects.get_record(connection, project.public_id)
    return respond(_render(request, record))


async def delete(request: Request) -> Response:
    """Close a project for good: its keys open nothing any more, its rows are cleared away in the background"""
    async with operators_work(request) as connection:
        record = await projects.get_record(connection, path_parameter(request, "project_id"))
        await projects.delete_project(connection, services(request).ids, record.project.public_id)
    return respond_empty()


def _render(request: Request, record: ProjectRecord) -> dict[str, Any]:
    return render_project(record) | {"limits": services(request).rates.described()}


ROUTES = [
    Route(
        PATH,
        create,
        methods=["POST"],
        body=ProjectInput,
        errors=[DuplicateFound],
        keys=MANAGEMENT_KEYS,
        missing=f"`users`; {UNBUILT}",
    ),
    Route(PATH, list_, methods=["GET"], keys=MANAGEMENT_KEYS),
    Route(f"{PATH}/{{project_id}}", get, methods=["GET"], errors=[NotFound], keys=MANAGEMENT_KEYS),
    Route(
        f"{PATH}/{{project_id}}",
        update,
        methods=["PUT"],
        body=ProjectChangesInput,
        errors=[NotFound, DuplicateFound],
        keys=MANAGEMENT_KEYS,
        missing=UNBUILT,
    ),
    Route(
        f"{PATH}/{{project_id}}",
        delete,
        methods=["DELETE"],
        errors=[NotFound],
        keys=MANAGEMENT_KEYS,
    ),
]
