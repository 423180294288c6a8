"""`largesse audit`: ask the live database whether it keeps its promises."""

import asyncio
from collections import Counter
from typing import Annotated

import msgspec
import typer

from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.options import Data, Json
from largesse.cli.output import print_json, print_table
from largesse.store.audit import Finding, check_guards, check_project
from largesse.store.installation import count_rows
from largesse.store.migrate import check_schema
from largesse.store.projects import list_projects


def add_audit(app: typer.Typer, host: Host) -> None:
    @app.command()
    def audit(
        *,
        project: Annotated[str | None, typer.Option(help="Name or id of one project. [all]")] = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Re-check every promise on the live database; exit 1 when one is broken, and show the rows."""
        looked_at, findings = asyncio.run(_audit(host, data, project))
        broken = [finding for finding in findings if finding.rows]
        if json:
            checks = [msgspec.structs.asdict(finding) for finding in findings]
            print_json({"kept": not broken, "looked_at": msgspec.structs.asdict(looked_at), "checks": checks})
        else:
            _print(looked_at, findings)
        if broken:
            raise typer.Exit(1)


class LookedAt(msgspec.Struct, frozen=True):
    """What was audited: a green answer means nothing on the wrong database. `rows` by table."""

    database: str
    schema: str
    projects: list[str]
    rows: dict[str, int]


async def _audit(host: Host, data: str | None, name: str | None) -> tuple[LookedAt, list[Finding]]:
    rows: Counter[str] = Counter()
    async with host.reading(data=data, command="audit") as connection:
        schema = await check_schema(connection)
        projects = await list_projects(connection) if name is None else [await the_project(connection, name)]
        findings = await check_guards(connection)
        for project in projects:
            # One snapshot: what is published meanwhile is either seen by every question or by none.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                rows.update(await count_rows(connection, project.id))
                findings += [finding async for finding in check_project(connection, project.id, project.public_id)]
    return LookedAt(host.place(data=data), schema, [project.name for project in projects], dict(rows)), findings


def _print(looked_at: LookedAt, findings: list[Finding]) -> None:
    rows = [
        [finding.invariant, "BROKEN" if finding.rows else "kept", finding.project or "", finding.question]
        for finding in findings
    ]
    print_table(["PROMISE", "RESULT", "PROJECT", "CHECKED"], rows)
    for finding in findings:
        for row in finding.rows:
            typer.echo(f"{finding.invariant} {finding.question}: {row}")
    found = ", ".join(f"{count:,} {table}" for table, count in looked_at.rows.items())
    typer.echo(f"Looked at {looked_at.database}, schema {looked_at.schema}:")
    typer.echo(f"projects {', '.join(looked_at.projects)}; {found}." if looked_at.projects else "no projects.")
    broken = sum(bool(finding.rows) for finding in findings)
    typer.echo(f"{len(findings)} checks, {broken} broken." if broken else f"{len(findings)} checks, all kept.")
