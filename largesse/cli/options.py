"""Options that several commands share."""

from typing import Annotated

import typer

Data = Annotated[
    str | None, typer.Option("--data", metavar="DIR", help="Data directory. [env: LARGESSE_DATA_DIR; ./.largesse]")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
ProjectName = Annotated[str, typer.Option("--project", help="Name or id of the project.")]
