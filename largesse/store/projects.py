"""Projects: created by operators, found by id, public id or name."""

import asyncpg

from largesse.domain.errors import DuplicateFound, NotFound
from largesse.domain.projects import Project, ProjectChanges
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL = load("projects")


def _project(row: asyncpg.Record | None) -> Project | None:
    return None if row is None else Project(**row)


async def create_project(
    connection: Connection, public_id: str, name: str, *, time_zone: str = "UTC", case_sensitive_codes: bool = True
) -> Project:
    """Raises DuplicateFound when the name is taken."""
    try:
        row = await connection.fetchrow(SQL["create_project"], public_id, name, time_zone, case_sensitive_codes)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "projects_name":
            raise
        raise DuplicateFound(
            f"Duplicated project exists with name {name}", resource_id=name, resource_type="project"
        ) from error
    assert row is not None
    return Project(**row)


async def ensure_project(connection: Connection, public_id: str, name: str) -> Project:
    """The project called `name`; `public_id` is used only when there was none."""
    await connection.execute(SQL["ensure_project"], public_id, name)
    project = await find_project(connection, name)
    assert project is not None
    return project


async def get_project(connection: Connection, project_id: int) -> Project | None:
    return _project(await connection.fetchrow(SQL["get_project"], project_id))


async def find_project(connection: Connection, id_or_name: str) -> Project | None:
    """By public id (`proj_…`) or by name; the public id wins."""
    return _project(await connection.fetchrow(SQL["find_project"], id_or_name))


async def list_projects(connection: Connection) -> list[Project]:
    """Oldest first."""
    return [Project(**row) for row in await connection.fetch(SQL["list_projects"])]


async def update_project(connection: Connection, project_id: int, changes: ProjectChanges) -> Project:
    """Running servers know it at once. Raises NotFound."""
    row = await connection.fetchrow(
        SQL["update_project"],
        project_id,
        changes.time_zone,
        changes.on_known_source_id,
        changes.client_origins,
        changes.client_publish,
        changes.publish_on_voucher_export,
    )
    if row is None:
        raise NotFound.of("project", str(project_id))
    columns = dict(row)
    del columns["told"]
    return Project(**columns)
