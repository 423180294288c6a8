"""Change a project's settings. Not in a Scope: this is an operator's work, of no project's key."""

from zoneinfo import ZoneInfo

from msgspec.structs import replace

from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.projects import Project, ProjectChanges, check_known_source_id, check_origins
from largesse.store import projects as store
from largesse.store.connection import Connection


async def update_project(connection: Connection, id_or_name: str, changes: ProjectChanges) -> Project:
    """Raises NotFound, and InvalidPayload for a setting that can't be."""
    if changes.time_zone is not None:
        _check_time_zone(changes.time_zone)
    if changes.on_known_source_id is not None:
        check_known_source_id(changes.on_known_source_id)
    if changes.client_origins is not None:
        changes = replace(changes, client_origins=check_origins(changes.client_origins))
    project = await store.find_project(connection, id_or_name)
    if project is None:
        raise NotFound.of("project", id_or_name)
    return await store.update_project(connection, project.id, changes)


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a name, a folder of names
        raise InvalidPayload(f"Property .time_zone must be an IANA name, and {name} is none") from error
