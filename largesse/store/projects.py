"""Projects: created by operators, found by id, public id or name."""

import contextlib
from collections.abc import Iterator
from typing import Final

import asyncpg

from largesse.domain.errors import DuplicateFound, NotFound
from largesse.domain.projects import Project, ProjectChanges, ProjectRecord
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL = load("projects")
LIST_MAX: Final = 1_000
"""Projects that a list shows; the contract doesn't page it."""


def _project(row: asyncpg.Record | None) -> Project | None:
    return None if row is None else Project(**row)


async def create_project(
    connection: Connection, public_id: str, name: str, *, time_zone: str = "UTC", case_sensitive_codes: bool = True
) -> Project:
    """Raises DuplicateFound when the name is taken."""
    with _unique(name):
        row = await connection.fetchrow(SQL["create_project"], public_id, name, time_zone, case_sensitive_codes)
    assert row is not None
    return Project(**row)


@contextlib.contextmanager
def _unique(name: str | None) -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "projects_name":
            raise
        raise DuplicateFound(
            f"Duplicated project exists with name {name}", resource_id=name, resource_type="project"
        ) from error


async def ensure_project(connection: Connection, public_id: str, name: str) -> Project:
    """The project called `name`; `public_id` is used only when there was none."""
    await connection.execute(SQL["ensure_project"], public_id, name)
    project = await find_project(connection, name)
    assert project is not None
    return project


async def get_project(connection: Connection, project_id: int) -> Project | None:
    return _project(await connection.fetchrow(SQL["get_project"], project_id))


async def is_open(connection: Connection, project_id: int) -> bool:
    """False for a closed project."""
    return bool(await connection.fetchval(SQL["is_open"], project_id))


async def find_project(connection: Connection, id_or_name: str) -> Project | None:
    """By public id (`proj_…`) or by name; the public id wins."""
    return _project(await connection.fetchrow(SQL["find_project"], id_or_name))


async def list_projects(connection: Connection) -> list[Project]:
    """Oldest first."""
    return [Project(**row) for row in await connection.fetch(SQL["list_projects"])]


async def update_project(connection: Connection, project_id: int, changes: ProjectChanges) -> Project:
    """Running servers know it at once. Raises NotFound; DuplicateFound when another project has the name."""
    with _unique(changes.name):
        row = await connection.fetchrow(
            SQL["update_project"],
            project_id,
            changes.time_zone,
            changes.on_known_source_id,
            changes.client_origins,
            changes.client_publish,
            changes.name,
            changes.codes_per_campaign_max,
            changes.details,
            changes.publish_on_voucher_export,
        )
    if row is None:
        raise NotFound.of("project", str(project_id))
    columns = dict(row)
    del columns["told"]
    return Project(**columns)


async def list_records(connection: Connection, public_id: str | None = None) -> list[ProjectRecord]:
    """Oldest first; `public_id`: only that one."""
    rows = [dict(row) for row in await connection.fetch(SQL["list_project_records"], public_id, LIST_MAX)]
    beside = ("details", "created_at", "webhook_secret")
    return [ProjectRecord(**{name: row.pop(name) for name in beside}, project=Project(**row)) for row in rows]


async def lock_project(connection: Connection, project_id: int) -> None:
    await connection.execute(SQL["lock_project"], project_id)


async def delete_project(connection: Connection, project: Project) -> bool:
    """Close it for everybody at once. False when somebody was faster."""
    # Nobody can have taken this name before: ids are new.
    closed_name = f"{project.public_id} (deleted)"
    with _unique(closed_name):
        row = await connection.fetchrow(SQL["delete_project"], project.id, closed_name)
    return row is not None and row["deleted"] == 1
