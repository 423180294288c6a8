"""`largesse secret-key`: what headers of webhooks are sealed with, and links to pictures are made with."""

import asyncio

import typer

from largesse.cli.host import Host
from largesse.cli.options import Data, Json
from largesse.cli.output import print_fields, print_json


def secret_key_app(host: Host) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="The secret key that all servers of the installation share.")

    @app.callback()
    def secret_key() -> None:
        """The secret key that all servers of the installation share."""

    @app.command("rotate")
    def rotate(*, data: Data = None, json: Json = False) -> None:
        """Change LARGESSE_SECRET_KEY to LARGESSE_NEW_SECRET_KEY, or a key of the data directory to a generated one.

        Stop all servers first. Links that were made with the old key (pictures, files of exports, unsubscribing) open
        nothing any more.
        """
        changed = asyncio.run(host.rotate_secret_key(data=data))
        print_json({"sealed": changed}) if json else print_fields({"sealed anew": changed})

    return app
