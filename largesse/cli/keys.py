"""`largesse keys`: create, list and revoke."""

import asyncio
from typing import Annotated

import msgspec
import typer

from largesse.actions.keys import new_pair
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.options import Data, Json, ProjectName
from largesse.cli.output import print_fields, print_json, print_table
from largesse.domain.errors import NotFound
from largesse.domain.keys import KINDS, MANAGEMENT, SERVER, ListedKey
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.keys import create_key, list_keys, revoke_key
from largesse.store.projects import find_project


def keys_app(host: Host) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="API keys. Only the hash of a token is kept: it is shown once.")

    @app.command("create")
    def create(
        *,
        project: ProjectName = "default",
        kind: Annotated[str, typer.Option(help=f"One of {', '.join(KINDS)}.")] = SERVER,
        name: Annotated[str, typer.Option(help="What it is for.")] = "",
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Create a key and show its token, once."""
        if kind not in KINDS:
            raise typer.BadParameter(f"--kind must be one of {', '.join(KINDS)}")
        shown = asyncio.run(_create(host, data, project, kind, name))
        print_json(shown) if json else print_fields(shown)

    @app.command("list")
    def list_(*, project: Annotated[str | None, typer.Option()] = None, data: Data = None, json: Json = False) -> None:
        """List the keys of a project, or of all; revoked ones too."""
        found = asyncio.run(_list(host, data, project))
        if json:
            print_json({"keys": [msgspec.structs.asdict(key) for key in found]})
            return
        rows = [[key.app_id, key.kind, key.project, key.name, key.created_at, key.revoked_at] for key in found]
        print_table(["ID", "KIND", "PROJECT", "NAME", "CREATED", "REVOKED"], rows)

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


async def _create(host: Host, data: str | None, project: str, kind: str, name: str) -> dict[str, object]:
    app_id, token = new_pair()
    async with host.database(data=data, command="keys") as connection:
        owner = None if kind == MANAGEMENT else await the_project(connection, project)
        await create_key(connection, app_id, token, kind=kind, project=owner, name=name)
    return {"id": app_id, "token": token, "kind": kind, "project": owner.name if owner else None, "name": name}


async def _list(host: Host, data: str | None, project: str | None) -> list[ListedKey]:
    async with host.database(data=data, command="keys") as connection:
        owner = None if project is None else await the_project(connection, project)
        return await list_keys(connection, owner)


async def _revoke(host: Host, data: str | None, app_id: str) -> None:
    async with host.database(data=data, command="keys") as connection:
        try:
            await revoke_key(connection, app_id)
        except NotFound as error:
            raise CommandFailed(f"There is no key {app_id} that isn't revoked.") from error
