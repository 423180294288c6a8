"""The command line: all verbs under one name."""

from typing import Annotated

import typer

from largesse import __version__
from largesse.cli.audit import add_audit
from largesse.cli.bench import add_bench
from largesse.cli.codes import add_codes
from largesse.cli.demo import add_demo
from largesse.cli.doctor import add_doctor
from largesse.cli.events import events_app
from largesse.cli.export import add_export
from largesse.cli.host import Host
from largesse.cli.keys import keys_app
from largesse.cli.projects import projects_app
from largesse.cli.secret_key import secret_key_app
from largesse.cli.serve import add_serve
from largesse.cli.users import users_app


def command_line(host: Host) -> typer.Typer:
    app = typer.Typer(name="largesse", no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def largesse(
        version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_show_version)] = False,
    ) -> None:
        """Hands voucher codes to customers and never hands the same one out twice."""

    add_serve(app, host)
    add_demo(app, host)
    add_doctor(app, host)
    add_codes(app, host)
    add_export(app, host)
    add_audit(app, host)
    add_bench(app)
    app.add_typer(projects_app(host), name="projects")
    app.add_typer(keys_app(host), name="keys")
    app.add_typer(users_app(host), name="users")
    app.add_typer(events_app(host), name="events")
    app.add_typer(secret_key_app(host), name="secret-key")
    return app


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit
