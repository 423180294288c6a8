"""`largesse users`: who may sign in to the dashboard, for whoever has the machine and perhaps no password any more."""

import asyncio
import secrets
from typing import Annotated, Final

import msgspec
import typer

from largesse.actions import users as actions
from largesse.actions.ids import IdSource
from largesse.auth.passwords import Passwords
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.options import Data, Json
from largesse.cli.output import print_fields, print_json, print_table
from largesse.domain.errors import LargesseError
from largesse.domain.users import ADMIN, ROLES, USER, ListedUser, fold_email
from largesse.store import users as store
from largesse.store.connection import Connection
from largesse.store.projects import list_projects

PASSWORD_BYTES: Final = 12
_COLUMNS: Final = ("email", "role", "name", "sees", "state", "signed_in_at", "created_at")


def users_app(host: Host) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="People of the dashboard. A password is shown once, and never kept.")

    @app.command("list")
    def list_(*, data: Data = None, json: Json = False) -> None:
        """List who may sign in, and who may not any more."""
        found = asyncio.run(_list(host, data))
        if json:
            print_json({"users": found})
            return
        rows = [[one[name] for name in _COLUMNS] for one in found]
        print_table([name.upper().replace("_AT", "").replace("_", " ") for name in _COLUMNS], rows)

    @app.command("create")
    def create(
        email: str,
        *,
        role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")] = USER,
        name: Annotated[str, typer.Option(help="What the person is called.")] = "",
        project: Annotated[
            list[str] | None, typer.Option(help="Name or id of one that the person sees; repeat it. An admin sees all.")
        ] = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Let somebody in, and show the password, once."""
        shown = asyncio.run(
            _create(host, data, actions.UserInput(email=email, name=name, role=role, projects=[]), project or [])
        )
        print_json(shown) if json else print_fields(shown)

    @app.command("password")
    def password(email: str, *, data: Data = None, json: Json = False) -> None:
        """Give somebody another password and show it, once. Ends all sessions, and unlocks the account."""
        shown = asyncio.run(_password(host, data, email))
        print_json(shown) if json else print_fields(shown)

    @app.command("disable")
    def disable(email: str, *, data: Data = None, json: Json = False) -> None:
        """Let somebody in no more, from now on. The last admin stays."""
        shown = asyncio.run(_switch(host, data, email, enabled=False))
        print_json(shown) if json else print_fields(shown)

    @app.command("enable")
    def enable(email: str, *, data: Data = None, json: Json = False) -> None:
        """Let somebody in again."""
        shown = asyncio.run(_switch(host, data, email, enabled=True))
        print_json(shown) if json else print_fields(shown)

    return app


async def _list(host: Host, data: str | None) -> list[dict[str, object]]:
    async with host.reading(data=data, command="users") as connection:
        names = {project.id: project.name for project in await list_projects(connection)}
        return [_shown(one, names) for one in await store.list_users(connection)]


def _shown(user: ListedUser, names: dict[int, str]) -> dict[str, object]:
    state = "disabled" if user.disabled_at else "locked" if user.locked else "enabled"
    projects = [names[number] for number in user.projects if number in names]
    sees = "all projects" if user.role == ADMIN else ", ".join(projects)
    return msgspec.structs.asdict(user) | {"projects": projects, "sees": sees, "state": state}


async def _create(host: Host, data: str | None, sent: actions.UserInput, projects: list[str]) -> dict[str, object]:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    async with host.database(data=data, command="users") as connection:
        seen = [await the_project(connection, name) for name in projects]
        try:
            sent = actions.check_user(msgspec.structs.replace(sent, projects=[project.id for project in seen]))
            password_hash = await Passwords().hash(password)
            async with connection.transaction():
                user_id = await actions.create_user(connection, IdSource(), sent, password_hash)
        except LargesseError as error:
            raise CommandFailed(f"{error.details or error.message}.") from error
    return {"id": user_id, "email": sent.email, "role": sent.role, "password": password}


async def _password(host: Host, data: str | None, email: str) -> dict[str, object]:
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    async with host.database(data=data, command="users") as connection:
        user = await _the_user(connection, email)
        password_hash = await Passwords().hash(password)
        async with connection.transaction():
            await actions.change_password(connection, user.id, password_hash)
    host.password_changed(data=data, email=user.email, password=password)
    return {"email": user.email, "password": password}


async def _switch(host: Host, data: str | None, email: str, *, enabled: bool) -> dict[str, object]:
    async with host.database(data=data, command="users") as connection:
        user = await _the_user(connection, email)
        try:
            async with connection.transaction():
                await actions.update_user(
                    connection, user.id, name=user.name, role=user.role, projects=user.projects, enabled=enabled
                )
        except LargesseError as error:
            raise CommandFailed(f"{error.details or error.message}.") from error
    return {"email": user.email, "enabled": enabled}


async def _the_user(connection: Connection, email: str) -> ListedUser:
    """Raises CommandFailed when nobody has that address."""
    for user in await store.list_users(connection):
        if user.email == fold_email(email):
            return user
    raise CommandFailed(f"There is nobody with the address {email}.")
