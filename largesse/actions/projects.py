"""Make, change and close projects. Not in a Scope: this is an operator's work, of no project's key."""

from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.webhooks import ensure_secret
from largesse.domain.async_actions import PROJECT_DELETE
from largesse.domain.errors import NotFound
from largesse.domain.projects import Project, ProjectChanges, ProjectRecord, check_changes
from largesse.store import jobs
from largesse.store import projects as store
from largesse.store.connection import Connection
from largesse.store.project_rows import clear_rows

CLEAR_CHUNK = 5_000
"""Rows in one transaction."""


async def create_project(
    connection: Connection, ids: IdSource, name: str, changes: ProjectChanges, *, case_sensitive_codes: bool = True
) -> ProjectRecord:
    """Whether codes are case-sensitive is fixed for ever. Raises DuplicateFound for a taken name, InvalidPayload."""
    changes = check_changes(changes)
    project = await store.create_project(connection, ids.new("proj_"), name, case_sensitive_codes=case_sensitive_codes)
    await store.update_project(connection, project.id, changes)
    await ensure_secret(connection, project.id)
    return await get_record(connection, project.public_id)


async def update_project(connection: Connection, id_or_name: str, changes: ProjectChanges) -> Project:
    """Raises NotFound, DuplicateFound for a taken name, and InvalidPayload for a setting that can't be."""
    changes = check_changes(changes)
    project = await store.find_project(connection, id_or_name)
    if project is None:
        raise NotFound.of("project", id_or_name)
    return await store.update_project(connection, project.id, changes)


async def get_record(connection: Connection, public_id: str) -> ProjectRecord:
    """By its id only. Raises NotFound."""
    found = await store.list_records(connection, public_id)
    if not found:
        raise NotFound.of("project", public_id)
    return found[0]


async def delete_project(connection: Connection, ids: IdSource, id_or_name: str) -> Project:
    """Close a project for good: its keys open nothing from the commit on, and its name is free. Raises NotFound.

    A job clears its rows away; until then they are reachable by nobody. The caller has a transaction.
    """
    project = await store.find_project(connection, id_or_name)
    if project is None or not await store.delete_project(connection, project):
        raise NotFound.of("project", id_or_name)
    await jobs.enqueue_job(connection, project.id, PROJECT_DELETE, ids.new("aa_"))
    return project


async def clear_chunk(scope: Scope, _action_id: str) -> bool:
    """The next chunk of a closed project's rows; True when none is left."""
    return await clear_rows(scope.connection, scope.project.id, CLEAR_CHUNK) == 0


async def leave_rows(_scope: Scope, _action_id: str) -> None:
    """The job failed too often. It is kept, parked, for an operator; nobody else waits for it."""
