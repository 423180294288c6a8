"""People of the dashboard: made, changed and let go by an admin. There is always one admin who can sign in."""

from typing import Final

import msgspec

from largesse.actions.ids import IdSource
from largesse.domain import users
from largesse.domain.errors import InvalidPayload
from largesse.domain.users import ADMIN
from largesse.store import users as store
from largesse.store.connection import Connection

LAST_ADMIN: Final = "There must be an admin who can sign in, and this is the last one"


class UserInput(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as an admin describes him. `projects`: the numbers of those that he sees; an admin sees all."""

    email: str
    name: str
    role: str
    projects: list[int]


def check_user(sent: UserInput) -> UserInput:
    """As it is stored. Raises InvalidPayload with every fault."""
    checked, found = {}, []
    for name, check in (("email", users.check_email), ("name", users.check_name), ("role", users.check_role)):
        try:
            checked[name] = check(getattr(sent, name))
        except InvalidPayload as error:
            found.append(str(error))
    if found:
        raise InvalidPayload("; ".join(found))
    return msgspec.structs.replace(sent, **checked, projects=[] if sent.role == ADMIN else sent.projects)


async def create_user(connection: Connection, ids: IdSource, sent: UserInput, password_hash: str) -> str:
    """The new user's id. `sent` is checked. Raises DuplicateFound."""
    user_id = ids.new("user_")
    await store.create_user(
        connection,
        user_id,
        email=sent.email,
        name=sent.name,
        role=sent.role,
        projects=sent.projects,
        password_hash=password_hash,
    )
    return user_id


async def update_user(
    connection: Connection, user_id: str, *, name: str, role: str, projects: list[int], enabled: bool
) -> None:
    """From the commit on. Whoever is let in no more is signed out. Raises NotFound, InvalidPayload."""
    users.check_role(role)
    if role != ADMIN or not enabled:
        await _keep_an_admin(connection, user_id)
    await store.update_user(
        connection,
        user_id,
        name=users.check_name(name),
        role=role,
        projects=[] if role == ADMIN else projects,
        enabled=enabled,
    )
    if not enabled:
        await store.close_sessions(connection, user_id)


async def change_password(
    connection: Connection, user_id: str, password_hash: str, *, but: bytes | None = None
) -> None:
    """Signs him out everywhere, except in the session `but`. Raises NotFound."""
    await store.set_password(connection, user_id, password_hash)
    await store.close_sessions(connection, user_id, but=but)


async def _keep_an_admin(connection: Connection, user_id: str) -> None:
    if await store.hold_admins(connection, user_id) == 0:
        raise InvalidPayload(LAST_ADMIN)
