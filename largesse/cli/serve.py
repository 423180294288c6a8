"""`largesse serve`, `work` and `migrate`: what keeps an installation running."""

import asyncio
from typing import Annotated, Final

import typer

from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.options import Data, Json
from largesse.cli.output import print_fields, print_json
from largesse.store.cluster import has_extension, shard

NO_CLUSTER: Final = (
    "Largesse doesn't run on a Citus cluster yet: publishing fails there, and events get lost. Use one PostgreSQL, or"
    " several installations with the projects divided among them (docs/scaling.md). Nothing was changed;"
    " --experimental shards all the same."
)


def add_serve(app: typer.Typer, host: Host) -> None:
    @app.command()
    def serve(
        *,
        bind: Annotated[str | None, typer.Option("--host", help="Address to listen on. [127.0.0.1]")] = None,
        port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [8000]")] = None,
        data: Data = None,
        processes: Annotated[
            int | None, typer.Option(help="API processes. [env: LARGESSE_PROCESSES; cores - 1]")
        ] = None,
        no_jobs: Annotated[bool, typer.Option("--no-jobs", help="No job process: `largesse work` runs apart.")] = False,
    ) -> None:
        """Run the API and the jobs; migrate first. Ready when GET /readyz answers 200."""
        host.serve(host=bind, port=port, data=data, processes=processes, jobs=not no_jobs)

    @app.command()
    def work(*, data: Data = None) -> None:
        """Run the jobs alone."""
        host.work(data=data)

    @app.command()
    def migrate(
        *,
        citus: Annotated[
            bool, typer.Option("--citus", help="Shard all tables by project; needs --experimental.")
        ] = False,
        experimental: Annotated[bool, typer.Option("--experimental", help="Do what isn't fit for use yet.")] = False,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Bring the database to this program's schema. `serve` does it too."""
        if citus and not experimental:
            raise CommandFailed(NO_CLUSTER)
        applied = asyncio.run(host.migrate(data=data))
        answer = {"applied": applied} | ({"sharded": asyncio.run(_shard(host, data))} if citus else {})
        if json:
            print_json(answer)
        else:
            said = {"applied": "nothing: the schema is up to date", "sharded": "nothing: all tables are"}
            print_fields({name: ", ".join(names) or said[name] for name, names in answer.items()})


async def _shard(host: Host, data: str | None) -> list[str]:
    async with host.database(data=data, command="migrate") as connection:
        if not await has_extension(connection, "citus"):
            raise CommandFailed(
                "--citus needs the citus extension: run CREATE EXTENSION citus in this database; nothing was sharded."
            )
        return await shard(connection)
