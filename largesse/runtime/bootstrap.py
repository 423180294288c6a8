"""What the first start of an installation makes: the default project, its keys, the first admin of the dashboard.

They are made once, by whichever server initialises the database. A later start, on another host or with another data
directory, makes only what variables ask for by name.
"""

import secrets
from collections.abc import Sequence
from typing import Final

import asyncpg
import structlog

from largesse.actions.ids import IdSource
from largesse.actions.keys import new_pair
from largesse.auth.passwords import hash_now
from largesse.domain import keys as kinds
from largesse.domain.errors import InvalidPayload
from largesse.domain.projects import Project
from largesse.domain.users import check_email, check_password
from largesse.runtime.credentials import Credentials
from largesse.runtime.directory import DataDirectory
from largesse.runtime.refusal import SettingRefused
from largesse.runtime.settings import KEY_VARIABLES, KeyPair, Settings
from largesse.store.connection import Connection
from largesse.store.installation import initialise
from largesse.store.keys import ensure_key
from largesse.store.projects import ensure_project
from largesse.store.users import ensure_user, password_hash_of

DEFAULT_PROJECT: Final = "default"
ADMIN_EMAIL: Final = "admin@localhost"

log = structlog.get_logger(__name__)


async def bootstrap(settings: Settings, directory: DataDirectory) -> None:
    """Make what a first start makes, and what variables ask for. Raises SettingRefused for an account that can't be."""
    account = _asked_account(settings)
    connection = await asyncpg.connect(settings.direct_url)
    try:
        async with connection.transaction():
            first = await initialise(connection)
            credentials = Credentials(directory)
            if first:
                account = await _make_first(connection, settings, credentials, account)
            else:
                await credentials.drop_what_opens_nothing(connection)
            if settings.keys:
                await _ensure_keys(connection, settings.keys, await _default_project(connection))
            if account is not None:
                await _ensure_admin(connection, *account)
    finally:
        await connection.close()


async def demo_key(settings: Settings, directory: DataDirectory) -> KeyPair:
    """The server key that the demo calls with: a variable's, the file's, or where neither opens anything a new one."""
    credentials = Credentials(directory)
    found = next((pair for pair in settings.keys if pair.kind == kinds.SERVER), None) or credentials.pair(kinds.SERVER)
    if found is not None:
        return found
    connection = await asyncpg.connect(settings.direct_url)
    try:
        async with connection.transaction():
            project = await _default_project(connection)
            pair = KeyPair(kinds.SERVER, *new_pair())
            credentials.add(project, pair)
            await _ensure_keys(connection, (pair,), project)
    finally:
        await connection.close()
    return pair


async def _make_first(
    connection: Connection, settings: Settings, credentials: Credentials, account: tuple[str, str] | None
) -> tuple[str, str]:
    """Keys of all kinds and the account, except for those that variables name. What is generated is in the file before
    it is in the database: a start that is killed in between is followed by one with the same keys.
    """
    project = await _default_project(connection)
    given = {pair.kind for pair in settings.keys}
    pairs = [credentials.pair(kind) or KeyPair(kind, *new_pair()) for kind in kinds.KINDS if kind not in given]
    if account is None:
        generated = account = credentials.account() or (ADMIN_EMAIL, secrets.token_urlsafe(12))
    else:
        generated = None
    credentials.add(project, *pairs, account=generated)
    await _ensure_keys(connection, pairs, project)
    return account


async def _default_project(connection: Connection) -> Project:
    return await ensure_project(connection, IdSource().new("proj_"), DEFAULT_PROJECT)


async def _ensure_keys(connection: Connection, pairs: Sequence[KeyPair], project: Project) -> None:
    for pair in pairs:
        owner = None if pair.kind == kinds.MANAGEMENT else project
        found = await ensure_key(connection, pair.app_id, pair.token, kind=pair.kind, project=owner, name="default")
        if found == "revoked":
            log.warning("key_stays_revoked", app_id=pair.app_id)
        elif found == "different":
            log.warning("key_kept_as_it_is", app_id=pair.app_id, variable=KEY_VARIABLES[pair.kind][1])


async def _ensure_admin(connection: Connection, email: str, password: str) -> None:
    """An account that is there already keeps its password, whatever the variable says now."""
    if await password_hash_of(connection, email) is None:
        user_id, password_hash = IdSource().new("user_"), hash_now(password)
        await ensure_user(connection, user_id, email=email, name="", password_hash=password_hash)


def _asked_account(settings: Settings) -> tuple[str, str] | None:
    """The account that the variables ask for."""
    if settings.admin_email is None or settings.admin_password is None:
        return None
    try:
        return check_email(settings.admin_email), check_password(settings.admin_password)
    except InvalidPayload as error:
        says = str(error).removeprefix("Property .").replace("email", "EMAIL").replace("password", "PASSWORD")
        raise SettingRefused(f"LARGESSE_ADMIN_{says}.") from error
