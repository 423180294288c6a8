"""`largesse events`: the event log, line by line."""

import asyncio
import contextlib
from typing import Annotated, Any, Final

import typer

from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.options import Data, ProjectName
from largesse.cli.output import print_json
from largesse.domain.projects import Project
from largesse.events.payloads import shown
from largesse.store.connection import Connection
from largesse.store.events import BEGINNING, Cursor, Event, before_last, page_of_events
from largesse.wire.dates import render
from largesse.wire.events import parse_cursor, render_cursor, render_event, render_logged

PAGE: Final = 100
POLL_S: Final = 0.5


def events_app(host: Host) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The event log.")

    @app.callback()
    def events() -> None:
        """The event log."""

    @app.command()
    def tail(
        *,
        after: Annotated[str | None, typer.Option(help="A cursor, or `beginning`. [the last --lines]")] = None,
        lines: Annotated[int, typer.Option(min=0, max=10_000)] = 10,
        follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until a signal.")] = False,
        type_: Annotated[str | None, typer.Option("--type", help="Only events of this type.")] = None,
        project: ProjectName = "default",
        data: Data = None,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    ) -> None:
        """Show what happened, in order, each with the cursor that goes on behind it."""
        parsed = None if after is None else Cursor(0, 0) if after == "beginning" else parse_cursor(after)
        if after is not None and parsed is None:
            raise CommandFailed(f"{after} isn't a cursor.")
        place = None if parsed is None else Cursor(*parsed)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_tail(host, data, project, place, lines, type_, follow=follow, json=json))

    return app


async def _tail(
    host: Host,
    data: str | None,
    name: str,
    after: Cursor | None,
    lines: int,
    type_: str | None,
    *,
    follow: bool,
    json: bool,
) -> None:
    async with host.reading(data=data, command="events") as connection:
        project = await the_project(connection, name)
        place = after or BEGINNING
        if after is None:
            place = await before_last(connection, project.id, lines)
        while True:
            place, more = await _page(connection, project, place, type_, json=json)
            if not more:
                if not follow:
                    return
                await asyncio.sleep(POLL_S)


async def _page(
    connection: Connection, project: Project, after: Cursor, type_: str | None, *, json: bool
) -> tuple[Cursor, bool]:
    found, end, more = await page_of_events(connection, project.id, after, PAGE, type=type_)
    for event in found:
        if json:
            print_json(_rendered(event, project))
        else:
            at = render(event.created_at)
            typer.echo(f"{render_cursor(event.cursor)}  {at}  {event.type}  {event.entity_id}  {event.actor or ''}")
    return end, more


def _rendered(event: Event, project: Project) -> dict[str, Any]:
    fact = render_event(event.id, event.type, event.entity_id, event.created_at, event.request_id, event.actor)
    return render_logged(fact, shown(event), event.cursor, project.public_id)
