"""Keys, projects and metadata schemas from the command line, on a database that is there already."""

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from largesse.cli.errors import CommandFailed
from largesse.cli.host import Host
from largesse.cli.main import command_line
from largesse.domain.keys import hash_token
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from largesse.store.keys import find_key
from tests.cli.host import ThisDatabase


async def run(url: str, *arguments: str) -> dict[str, Any]:
    app = command_line(cast("Host", ThisDatabase(url)))
    answer = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], catch_exceptions=False)
    shown: dict[str, Any] = json.loads(answer.stdout_bytes)
    return shown


async def test_a_key_is_made_with_its_limits_and_rotated(database_url: str, pool: Pool, project: Project) -> None:
    made = await run(
        database_url, "keys", "create", "--project", "Test", "--role", "viewer", "--scope", "vouchers",
        "--allowed-ip", "10.0.0.0/8", "--expires", "2999-01-01",
    )  # fmt: skip
    async with pool.acquire() as connection:
        key = await find_key(connection, made["id"])
        assert key is not None
        assert (key.role, key.scopes, key.allowed_ips) == ("viewer", ["vouchers"], ["10.0.0.0/8"])
        rotated = await run(database_url, "keys", "rotate", made["id"])
        assert (rotated["id"], rotated["token"] != made["token"]) == (made["id"], True)
        key = await find_key(connection, made["id"])
        assert key is not None
        assert key.token_hash == hash_token(rotated["token"])
    (listed,) = (await run(database_url, "keys", "list"))["keys"]
    assert (listed["role"], listed["expires_at"]) == ("viewer", "2999-01-01T00:00:00Z")
    await run(database_url, "keys", "revoke", made["id"])
    with pytest.raises(CommandFailed, match="There is no key"):
        await run(database_url, "keys", "rotate", made["id"])


async def test_a_sixth_management_key_is_refused(database_url: str, project: Project) -> None:
    made = [await run(database_url, "keys", "create", "--kind", "management") for _ in range(5)]
    with pytest.raises(CommandFailed, match="at most 5 management keys"):
        await run(database_url, "keys", "create", "--kind", "management")
    await run(database_url, "keys", "revoke", made[0]["id"])
    await run(database_url, "keys", "create", "--kind", "management")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--role", "owner"], "role must be"),
        (["--scope", "x"], "known scopes"),
        (["--expires", "2020-01-01"], "future"),
    ],
)
async def test_limits_that_cannot_be_are_a_sentence(
    database_url: str, project: Project, arguments: list[str], says: str
) -> None:
    with pytest.raises(CommandFailed, match=says):
        await run(database_url, "keys", "create", "--project", "Test", *arguments)


async def test_a_project_is_shown_renamed_and_closed(database_url: str, pool: Pool, project: Project) -> None:
    await run(database_url, "keys", "create", "--project", "Test")
    shown = await run(database_url, "projects", "show", "Test")
    renamed = await run(database_url, "projects", "update", "Test", "--name", "Shop", "--codes-per-campaign-max", "9")
    assert renamed == shown | {"name": "Shop", "codes_per_campaign_max": 9}
    assert await run(database_url, "projects", "delete", "Shop", "--yes") == {"id": project.public_id, "deleted": True}
    assert (await run(database_url, "projects", "list"))["projects"] == []
    assert await pool.fetchval("SELECT count(*) FROM api_keys WHERE revoked_at IS NULL") == 0
    with pytest.raises(CommandFailed, match="Cannot find project"):
        await run(database_url, "projects", "delete", "Shop", "--yes")


async def test_a_schema_is_defined_extended_listed_and_deleted(
    database_url: str, project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "schema.json"
    for name in ("size", "age"):
        file.write_text(json.dumps({"properties": {name: {"type": "number"}}}))
        defined = await run(database_url, "projects", "define", "Test", "customer", str(file))
    assert sorted(defined["properties"]) == ["age", "size"]
    assert (await run(database_url, "projects", "schemas", "Test"))["metadata_schemas"] == [defined]
    await run(database_url, "projects", "undefine", "Test", "customer")
    with pytest.raises(CommandFailed, match="Cannot find metadata schema"):
        await run(database_url, "projects", "undefine", "Test", "customer")
    for wrong in ("{", "[]", "{}", '{"properties": {"a": {}}}'):
        file.write_text(wrong)
        with pytest.raises(CommandFailed):
            await run(database_url, "projects", "define", "Test", "customer", str(file))
