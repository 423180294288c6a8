"""`largesse keys`: create, list, rotate and revoke."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from largesse.actions.keys import create_key, rotate_key
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.options import Data, Json, ProjectName
from largesse.cli.output import print_fields, print_json, print_table
from largesse.domain.errors import LargesseError, NotFound
from largesse.domain.keys import ADMIN, KINDS, MANAGEMENT, ROLES, SERVER, KeyLimits, ListedKey
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.keys import list_keys, revoke_key
from largesse.store.projects import find_project


def keys_app(host: Host) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="API keys. Only the hash of a token is kept: it is shown once.")

    @app.command("create")
    def create(
        *,
        project: ProjectName = "default",
        kind: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")] = SERVER,
        name: Annotated[str, typer.Option(help="What it is for.")] = "",
        role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}; a viewer only reads.")] = ADMIN,
        scope: Annotated[list[str] | None, typer.Option(help="What it opens; repeat it. Everything without.")] = None,
        allowed_ip: Annotated[
            list[str] | None, typer.Option(help="An address or network it may call from; repeat it.")
        ] = None,
        expires: Annotated[datetime | None, typer.Option(help="From then on it opens nothing; UTC.")] = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Create a key and show its token, once."""
        if kind not in KINDS:
            raise typer.BadParameter(f"--kind must be one of {', '.join(KINDS)}")
        limits = KeyLimits(
            role=role,
            scopes=scope or None,
            allowed_ips=allowed_ip or None,
            expires_at=None if expires is None else expires.replace(tzinfo=expires.tzinfo or UTC),
        )
        shown = asyncio.run(_create(host, data, project, kind, name, limits))
        print_json(shown) if json else print_fields(shown)

    @app.command("list")
    def list_(*, project: Annotated[str | None, typer.Option()] = None, data: Data = None, json: Json = False) -> None:
        """List the keys of a project, or of all; revoked ones too."""
        found = asyncio.run(_list(host, data, project))
        if json:
            print_json({"keys": [msgspec.structs.asdict(key) for key in found]})
            return
        columns = (
            "app_id",
            "kind",
            "role",
            "project",
            "name",
            "created_at",
            "last_used_at",
            "expires_at",
            "revoked_at",
        )
        rows = [[getattr(key, column) for column in columns] for key in found]
        print_table(["ID", "KIND", "ROLE", "PROJECT", "NAME", "CREATED", "LAST USED", "EXPIRES", "REVOKED"], rows)

    @app.command("rotate")
    def rotate(app_id: str, *, data: Data = None, json: Json = False) -> None:
        """Give a key another token and show it, once. Running servers refuse the old one at once."""
        shown = asyncio.run(_rotate(host, data, app_id))
        print_json(shown) if json else print_fields(shown)

    @app.command("revoke")
    def revoke(app_id: str, *, data: Data = None, json: Json = False) -> None:
        """Revoke a key for ever. Running servers refuse it within seconds."""
        asyncio.run(_revoke(host, data, app_id))
        print_json({"id": app_id, "revoked": True}) if json else print_fields({"revoked": app_id})

    return app


async def the_project(connection: Connection, id_or_name: str) -> Project:
    """Raises CommandFailed when there is none."""
    if project := await find_project(connection, id_or_name):
        return project
    raise CommandFailed(f"There is no project {id_or_name}.")


async def _create(
    host: Host, data: str | None, project: str, kind: str, name: str, limits: KeyLimits
) -> dict[str, object]:
    async with host.database(data=data, command="keys") as connection:
        owner = None if kind == MANAGEMENT else await the_project(connection, project)
        try:
            async with connection.transaction():
                key, token = await create_key(connection, owner, kind=kind, name=name, limits=limits)
        except LargesseError as error:
            raise CommandFailed(f"{error}.") from error
    return _shown(key, token)


def _shown(key: ListedKey, token: str) -> dict[str, object]:
    shown = msgspec.structs.asdict(key)
    return {"id": shown.pop("app_id"), "token": token, **shown}


async def _rotate(host: Host, data: str | None, app_id: str) -> dict[str, object]:
    async with host.database(data=data, command="keys") as connection:
        try:
            key, token = await rotate_key(connection, app_id)
        except NotFound as error:
            raise CommandFailed(f"There is no key {app_id} that isn't revoked.") from error
    host.key_changed(data=data, app_id=app_id, token=token)
    return _shown(key, token)


async def _list(host: Host, data: str | None, project: str | None) -> list[ListedKey]:
    async with host.reading(data=data, command="keys") as connection:
        owner = None if project is None else await the_project(connection, project)
        return await list_keys(connection, owner)


async def _revoke(host: Host, data: str | None, app_id: str) -> None:
    async with host.database(data=data, command="keys") as connection:
        try:
            await revoke_key(connection, app_id)
        except NotFound as error:
            raise CommandFailed(f"There is no key {app_id} that isn't revoked.") from error
    host.key_changed(data=data, app_id=app_id, token=None)
