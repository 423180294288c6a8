"""`largesse audit`: ask the live database whether it keeps its promises."""

import asyncio
from typing import Annotated

import msgspec
import typer

from largesse.cli.host import Host
from largesse.cli.keys import the_project
from largesse.cli.options import Data, Json
from largesse.cli.output import print_json, print_table
from largesse.store.audit import Finding, check_guards, check_project
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
        findings = asyncio.run(_audit(host, data, project))
        broken = [finding for finding in findings if finding.rows]
        if json:
            print_json({"kept": not broken, "checks": [msgspec.structs.asdict(finding) for finding in findings]})
        else:
            _print(findings)
        if broken:
            raise typer.Exit(1)


async def _audit(host: Host, data: str | None, name: str | None) -> list[Finding]:
    async with host.database(data=data, command="audit") as connection:
        projects = await list_projects(connection) if name is None else [await the_project(connection, name)]
        findings = await check_guards(connection)
        for project in projects:
            # One snapshot: what is published meanwhile is either seen by every question or by none.
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                findings += [finding async for finding in check_project(connection, project.id, project.public_id)]
    return findings


def _print(findings: list[Finding]) -> None:
    rows = [
        [finding.invariant, "BROKEN" if finding.rows else "kept", finding.project or "", finding.question]
        for finding in findings
    ]
    print_table(["PROMISE", "RESULT", "PROJECT", "CHECKED"], rows)
    for finding in findings:
        for row in finding.rows:
            typer.echo(f"{finding.invariant} {finding.question}: {row}")
    broken = sum(bool(finding.rows) for finding in findings)
    typer.echo(f"{len(findings)} checks, {broken} broken." if broken else f"{len(findings)} checks, all kept.")
