"""`largesse projects`: create, list, show, update and delete, and the metadata schemas of one."""

import asyncio
from typing import Annotated

import msgspec
import typer

from largesse.actions.ids import IdSource
from largesse.actions.projects import delete_project, update_project
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.metadata_schemas import Named, add_schemas
from largesse.cli.options import Data, Json
from largesse.cli.output import print_fields, print_json, print_table
from largesse.domain.errors import DuplicateFound, LargesseError
from largesse.domain.projects import Project, ProjectChanges
from largesse.store.projects import create_project, list_projects


def _shown(project: Project) -> dict[str, object]:
    shown = msgspec.structs.asdict(project)
    shown["id"] = shown.pop("public_id")
    return shown


def projects_app(host: Host) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Projects: each has its own keys, customers, campaigns and codes.")

    @app.command("create")
    def create(
        name: str,
        *,
        time_zone: Annotated[str, typer.Option(help="IANA name.")] = "UTC",
        ignore_case: Annotated[bool, typer.Option("--ignore-case", help="Codes differ by more than case.")] = False,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Create a project. Whether codes are case-sensitive is fixed for ever."""
        project = asyncio.run(_create(host, data, name, time_zone, ignore_case=ignore_case))
        shown = _shown(project)
        print_json(shown) if json else print_fields(shown)

    @app.command("list")
    def list_(*, data: Data = None, json: Json = False) -> None:
        """List all projects."""
        shown = [_shown(project) for project in asyncio.run(_list(host, data))]
        if json:
            print_json({"projects": shown})
        else:
            print_table(["ID", "NAME", "TIME ZONE"], [[row["id"], row["name"], row["time_zone"]] for row in shown])

    @app.command("update")
    def update(
        project: Named,
        *,
        name: Annotated[str | None, typer.Option(help="Another name.")] = None,
        time_zone: Annotated[str | None, typer.Option(help="IANA name.")] = None,
        codes_per_campaign_max: Annotated[int | None, typer.Option(help="Codes that a campaign can have.")] = None,
        on_known_source_id: Annotated[
            str | None, typer.Option(help="What a known publication source_id answers: replay or strict.")
        ] = None,
        client_origin: Annotated[
            list[str] | None,
            typer.Option(help="A site whose pages may use client-side keys; repeat it. * for all, '' for none."),
        ] = None,
        client_publish: Annotated[
            bool | None, typer.Option("--client-publish/--no-client-publish", help="Client-side keys may publish.")
        ] = None,
        publish_on_export: Annotated[
            bool | None,
            typer.Option("--publish-on-export/--no-publish-on-export", help="Exporting a voucher publishes it. [yes]"),
        ] = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Change settings of a project; what isn't named stays. Running servers follow at once."""
        origins = None if client_origin is None else [origin for origin in client_origin if origin]
        changes = ProjectChanges(
            name=name,
            time_zone=time_zone,
            codes_per_campaign_max=codes_per_campaign_max,
            on_known_source_id=on_known_source_id,
            client_origins=origins,
            client_publish=client_publish,
            publish_on_voucher_export=publish_on_export,
        )
        shown = _shown(asyncio.run(_update(host, data, project, changes)))
        print_json(shown) if json else print_fields(shown)

    _add_show_and_delete(app, host)
    add_schemas(app, host)
    return app


def _add_show_and_delete(app: typer.Typer, host: Host) -> None:
    @app.command("show")
    def show(project: Named, *, data: Data = None, json: Json = False) -> None:
        """Show the settings of a project."""
        shown = _shown(asyncio.run(_find(host, data, project)))
        print_json(shown) if json else print_fields(shown)

    @app.command("delete")
    def delete(
        project: Named,
        *,
        yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Close a project for good: its keys open nothing any more, and its data go. There is no way back."""
        if not yes:
            typer.confirm(f"Close {project} for good?", abort=True, err=True)
        closed = asyncio.run(_delete(host, data, project))
        print_json({"id": closed.public_id, "deleted": True}) if json else print_fields({"deleted": closed.name})


async def _find(host: Host, data: str | None, project: str) -> Project:
    async with host.reading(data=data, command="projects") as connection:
        return await the_project(connection, project)


async def _delete(host: Host, data: str | None, project: str) -> Project:
    async with host.database(data=data, command="projects") as connection:
        try:
            async with connection.transaction():
                return await delete_project(connection, IdSource(), project)
        except LargesseError as error:
            raise CommandFailed(f"{error}.") from error


async def _update(host: Host, data: str | None, project: str, changes: ProjectChanges) -> Project:
    async with host.database(data=data, command="projects") as connection:
        try:
            return await update_project(connection, project, changes)
        except LargesseError as error:
            raise CommandFailed(f"{error}.") from error


async def _create(host: Host, data: str | None, name: str, time_zone: str, *, ignore_case: bool) -> Project:
    async with host.database(data=data, command="projects") as connection:
        try:
            return await create_project(
                connection, IdSource().new("proj_"), name, time_zone=time_zone, case_sensitive_codes=not ignore_case
            )
        except DuplicateFound as error:
            raise CommandFailed(f"There is a project called {name} already.") from error


async def _list(host: Host, data: str | None) -> list[Project]:
    async with host.reading(data=data, command="projects") as connection:
        return await list_projects(connection)
