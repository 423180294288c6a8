"""Make, rotate and revoke keys. Not in a Scope: a key is made before anybody can call with it."""

import secrets
import uuid
from datetime import UTC, datetime

from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.keys import MANAGEMENT, MANAGEMENT_KEYS_MAX, KeyLimits, ListedKey, check_limits
from largesse.domain.projects import Project
from largesse.store import keys as store
from largesse.store.connection import Connection


def new_pair() -> tuple[str, str]:
    """App id and token, both in the shape of a UUID; the token is 128 random bits, six more than a real UUID has."""
    return str(uuid.uuid4()), new_token()


def new_token() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16)))


async def create_key(
    connection: Connection, project: Project | None, *, kind: str, name: str = "", limits: KeyLimits | None = None
) -> tuple[ListedKey, str]:
    """The key and its token, which is shown this once. `project` is None for management keys only.

    Raises InvalidPayload for limits that can't be, and for one management key too many. The caller has a transaction.
    """
    checked = check_limits(kind, limits or KeyLimits(), datetime.now(UTC))
    if kind == MANAGEMENT and await store.hold_management_keys(connection) >= MANAGEMENT_KEYS_MAX:
        raise InvalidPayload(f"There can be at most {MANAGEMENT_KEYS_MAX} management keys")
    app_id, token = new_pair()
    await store.create_key(connection, app_id, token, kind=kind, project=project, name=name, limits=checked)
    return await get_key(connection, app_id), token


async def get_key(connection: Connection, app_id: str, project: Project | None = None) -> ListedKey:
    """Of that project, where one is said. Raises NotFound."""
    found = await store.list_keys(connection, project, app_id=app_id)
    if not found:
        raise NotFound.of("key", app_id)
    return found[0]


async def rotate_key(connection: Connection, app_id: str, project: Project | None = None) -> tuple[ListedKey, str]:
    """Another token for the same id; the old one opens nothing from the commit on, in no process. Raises NotFound."""
    key = await get_key(connection, app_id, project)
    token = new_token()
    await store.rotate_key(connection, app_id, token)
    return key, token


async def revoke_key(connection: Connection, app_id: str, project: Project | None = None) -> None:
    """For ever. Raises NotFound, also when it was revoked before."""
    await get_key(connection, app_id, project)
    await store.revoke_key(connection, app_id)
