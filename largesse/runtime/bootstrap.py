"""What a first start brings into being: the default project, its keys, and the dashboard's first admin."""

import secrets
from typing import Any, Final

import asyncpg
import structlog

from largesse.actions.ids import IdSource
from largesse.actions.keys import new_pair
from largesse.auth.passwords import hash_now
from largesse.domain import keys as kinds
from largesse.domain.errors import InvalidPayload
from largesse.domain.projects import Project
from largesse.domain.users import check_email, check_password
from largesse.runtime.directory import DataDirectory, read_json, write_private
from largesse.runtime.refusal import SettingRefused
from largesse.runtime.settings import KEY_VARIABLES, KeyPair, Settings
from largesse.store.connection import Connection
from largesse.store.keys import ensure_key
from largesse.store.projects import ensure_project
from largesse.store.users import ensure_user, find_for_sign_in

DEFAULT_PROJECT: Final = "default"
DASHBOARD: Final = "dashboard"
"""The admin's entry in `credentials.json`."""
ADMIN_EMAIL: Final = "admin@localhost"

log = structlog.get_logger(__name__)


async def bootstrap(settings: Settings, directory: DataDirectory) -> Project:
    """Make sure of the default project and of a key of each kind: the one that a variable asks for, else the one in
    `credentials.json`, written there before it is created, so that it is the same at every later start.
    """
    connection = await asyncpg.connect(settings.direct_url)
    try:
        async with connection.transaction():
            project = await ensure_project(connection, IdSource().new("proj_"), DEFAULT_PROJECT)
            generated = _generated_keys(directory, project, {pair.kind for pair in settings.keys})
            for pair in (*settings.keys, *generated):
                await _ensure(connection, pair, project)
            await _ensure_admin(connection, settings, directory)
    finally:
        await connection.close()
    return project


async def _ensure(connection: Connection, pair: KeyPair, project: Project) -> None:
    owner = None if pair.kind == kinds.MANAGEMENT else project
    found = await ensure_key(connection, pair.app_id, pair.token, kind=pair.kind, project=owner, name="default")
    if found == "revoked":
        log.warning("key_stays_revoked", app_id=pair.app_id)
    elif found == "different":
        log.warning("key_kept_as_it_is", app_id=pair.app_id, variable=KEY_VARIABLES[pair.kind][1])


async def _ensure_admin(connection: Connection, settings: Settings, directory: DataDirectory) -> None:
    """Somebody who is there already keeps his password, whatever the variable says now."""
    email, password = _admin(settings, directory)
    if await find_for_sign_in(connection, email) is None:
        user_id, password_hash = IdSource().new("user_"), hash_now(password)
        await ensure_user(connection, user_id, email=email, name="", password_hash=password_hash)


def _admin(settings: Settings, directory: DataDirectory) -> tuple[str, str]:
    """The account that the variables ask for, else the one in `credentials.json`."""
    if settings.admin_email is not None and settings.admin_password is not None:
        try:
            return check_email(settings.admin_email), check_password(settings.admin_password)
        except InvalidPayload as error:
            says = str(error).removeprefix("Property .").replace("email", "EMAIL").replace("password", "PASSWORD")
            raise SettingRefused(f"LARGESSE_ADMIN_{says}.") from error
    known: dict[str, Any] = read_json(directory.credentials_file)
    if DASHBOARD not in known:
        known[DASHBOARD] = {"email": ADMIN_EMAIL, "password": secrets.token_urlsafe(12)}
        write_private(directory.credentials_file, known)
    return known[DASHBOARD]["email"], known[DASHBOARD]["password"]


def _generated_keys(directory: DataDirectory, project: Project, given: set[str]) -> list[KeyPair]:
    known: dict[str, Any] = read_json(directory.credentials_file)
    wanted = [kind for kind in kinds.KINDS if kind not in given]
    missing = [kind for kind in wanted if kind not in known]
    for kind in missing:
        app_id, token = new_pair()
        known[kind] = {"id": app_id, "token": token}
    if missing:
        known = {"project": project.public_id, **known}
        write_private(directory.credentials_file, known)
    return [KeyPair(kind, known[kind]["id"], known[kind]["token"]) for kind in wanted]
