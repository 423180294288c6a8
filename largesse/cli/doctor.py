"""`largesse doctor`: could a server run here, and if not, why not."""

import asyncio
import sys
from typing import Annotated

import msgspec
import typer

from largesse.cli.host import Host
from largesse.cli.options import Data, Json
from largesse.cli.output import print_json


def add_doctor(app: typer.Typer, host: Host) -> None:
    @app.command()
    def doctor(
        *,
        port: Annotated[int | None, typer.Option(help="The port that serve would take. [8000]")] = None,
        data: Data = None,
        json: Json = False,
    ) -> None:
        """Check what a server needs. Changes nothing. Exit status 1 when something is wrong."""
        checks = asyncio.run(host.examine(data=data, port=port))
        well = all(check.ok is not False for check in checks)
        if json:
            print_json({"ok": well, "checks": [msgspec.structs.asdict(check) for check in checks]})
        else:
            for check in checks:
                mark = {True: "ok  ", False: "BAD ", None: "-   "}[check.ok]
                sys.stdout.write(f"{mark}{check.name:<12} {check.says}\n")
        raise typer.Exit(0 if well else 1)
