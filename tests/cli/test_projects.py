"""`largesse projects update`, on a database that is there already."""

import asyncio
import json
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.projects import projects_app
from tests.cli.host import ThisDatabase


async def update(url: str, *arguments: str) -> dict[str, Any]:
    app = projects_app(cast("Host", ThisDatabase(url)))
    invoke = CliRunner().invoke
    answer = await asyncio.to_thread(invoke, app, ["update", *arguments, "--json"], catch_exceptions=False)
    shown: dict[str, Any] = json.loads(answer.stdout_bytes)
    return shown


async def test_settings_are_changed_one_by_one(database_url, project):
    first = await update(
        database_url, "Test", "--client-origin", "https://a.example", "--client-origin", "*", "--client-publish"
    )
    assert (first["client_origins"], first["client_publish"]) == (["https://a.example", "*"], True)
    second = await update(
        database_url, project.public_id, "--time-zone", "Europe/Warsaw", "--on-known-source-id", "strict"
    )
    assert second == first | {"time_zone": "Europe/Warsaw", "on_known_source_id": "strict"}
    third = await update(database_url, "Test", "--client-origin", "", "--no-client-publish")
    assert (third["client_origins"], third["client_publish"]) == ([], False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["Nobody"], "Cannot find project with id Nobody."), (["Test", "--time-zone", "Mars"], "must be an IANA name")],
)
async def test_what_cannot_be_is_a_sentence(database_url, project, arguments, says):
    with pytest.raises(CommandFailed, match=says):
        await update(database_url, *arguments)
