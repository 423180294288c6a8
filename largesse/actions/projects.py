"""Make, change and close projects. Not in a Scope: this is an operator's work, of no project's key."""

from largesse.actions.ids import IdSource
from largesse.domain.errors import NotFound
from largesse.domain.projects import Project, ProjectChanges, ProjectRecord, check_changes
from largesse.store import projects as store
from largesse.store.connection import Connection


async def create_project(
    connection: Connection, ids: IdSource, name: str, changes: ProjectChanges, *, case_sensitive_codes: bool = True
) -> ProjectRecord:
    """Whether codes are case-sensitive is fixed for ever. Raises DuplicateFound for a taken name, InvalidPayload."""
    changes = check_changes(changes)
    project = await store.create_project(connection, ids.new("proj_"), name, case_sensitive_codes=case_sensitive_codes)
    await store.update_project(connection, project.id, changes)
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


async def delete_project(connection: Connection, id_or_name: str) -> Project:
    """Close a project for good: its keys open nothing from the commit on, and its name is free. Raises NotFound.

    Its rows stay in the database, reachable by nobody, until an operator removes them.
    """
    project = await store.find_project(connection, id_or_name)
    if project is None or not await store.delete_project(connection, project):
        raise NotFound.of("project", id_or_name)
    return project
