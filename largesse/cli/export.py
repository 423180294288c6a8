"""`largesse export`: a file of what a project has, without an HTTP client."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from largesse.actions.exports import create_export
from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.cli.codes import ACTOR, POLL_S, opened
from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.options import Data, Json, ProjectName
from largesse.cli.output import print_json
from largesse.domain.exports import DONE, Export
from largesse.domain.projects import Project
from largesse.jobs.worker import Worker
from largesse.store import exports as store
from largesse.store.connection import JOB_SETTINGS, Pool
from largesse.wire.exports import ExportInput
from largesse.wire.parse import parse_value

CONNECTIONS: Final = 5


def add_export(app: typer.Typer, host: Host) -> None:
    @app.command()
    def export(
        exported_object: Annotated[str, typer.Argument(help="publication, voucher, customer or voucher_transactions.")],
        *,
        output: Annotated[Path | None, typer.Option("--output", "-o", help="A file. [standard output]")] = None,
        field: Annotated[list[str] | None, typer.Option(help="Repeat it; the contract's defaults without.")] = None,
        order: Annotated[str | None, typer.Option(help="[-created_at]")] = None,
        filters: Annotated[str | None, typer.Option(help="As in POST /v1/exports, in JSON.")] = None,
        campaign: Annotated[str | None, typer.Option(help="Name or id, for vouchers.")] = None,
        format_: Annotated[str | None, typer.Option("--format", help="CSV, JSONL or PARQUET. [CSV]")] = None,
        publish: Annotated[
            bool | None,
            typer.Option("--publish/--no-publish", help="Vouchers become published. [project]"),
        ] = None,
        project: ProjectName = "default",
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Write an export. Vouchers that leave in it become published, unless the project or --no-publish says no."""
        if json and output is None:
            raise CommandFailed("With --json the file needs a place of its own: name it with --output.")
        try:
            wanted = None if filters is None else msgspec.json.decode(filters)
        except msgspec.DecodeError as error:
            raise CommandFailed(f"--filters isn't JSON: {error}.") from error
        parameters = {
            "fields": field or None,
            "order": order,
            "filters": wanted,
            "campaign_id": campaign,
            "format": format_,
            "publish": publish,
        }
        sent = parse_value({"exported_object": exported_object, "parameters": parameters}, ExportInput)
        made = asyncio.run(_export(host, data, project, sent, output, silent=json))
        if json:
            found: dict[str, Any] = {"id": made.id, "status": made.status, "rows": made.rows, "bytes": made.bytes}
            print_json({**found, "output": str(output)})


async def _export(
    host: Host, data: str | None, name: str, sent: ExportInput, output: Path | None, *, silent: bool
) -> Export:
    ids = IdSource()
    async with opened(host, data, "export", name, JOB_SETTINGS, size=CONNECTIONS) as (pool, project):
        async with pool.acquire() as connection, connection.transaction():
            scope = Scope(connection=connection, project=project, ids=ids, request_id=ids.new("w-"), actor=ACTOR)
            export = await create_export(scope, sent)
        worker = Worker(pool, asyncio.Event(), assets=host.assets(data=data), only=export.id)
        export = await _finished(pool, project, export, worker, silent=silent)
        if export.status != DONE:
            raise CommandFailed(f"The export {export.id} failed.")
        if output is None:
            await _write(pool, project, export, sys.stdout.buffer)
        else:
            with output.open("wb") as file:
                await _write(pool, project, export, file)
        return export


async def _finished(pool: Pool, project: Project, export: Export, worker: Worker, *, silent: bool) -> Export:
    # A running server's job process may take the work, or this one: each chunk is done once.
    working: asyncio.Task[bool] | None = None
    # The file may go to standard output: what is for people goes beside it.
    with Progress(console=Console(stderr=True), disable=silent, transient=True) as progress:
        task = progress.add_task(f"{export.exported_object}", total=None)
        while True:
            if working is None or working.done():
                if working is not None:
                    working.result()
                working = asyncio.create_task(worker.step())
            await asyncio.wait([working], timeout=POLL_S)
            async with pool.acquire() as connection:
                found = await store.get_export(connection, project.id, export.id)
            if found is None:
                raise CommandFailed(f"The export {export.id} was deleted.")
            progress.update(task, description=f"{export.exported_object}: {found.phase or found.status}")
            if found.finished:
                await working
                return found
            await asyncio.sleep(POLL_S)


async def _write(pool: Pool, project: Project, export: Export, file: BinaryIO) -> None:
    for number in range(export.pieces):
        async with pool.acquire() as connection:
            piece = await store.get_piece(connection, project.id, export.id, number)
        if piece is None:
            raise CommandFailed(f"The export {export.id} was deleted while it was written.")
        file.write(piece)
    file.flush()
