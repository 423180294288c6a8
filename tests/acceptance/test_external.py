"""A database that we didn't start: used as it is, or refused with a sentence."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from largesse.runtime.binaries import binaries
from tests.acceptance.external import DEBIAN_15, external_postgres
from tests.acceptance.server import command, data_folder, run, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
SECRET = {"LARGESSE_SECRET_KEY": "0123456789abcdef0123456789abcdef"}


@pytest.fixture
def data() -> Iterator[Path]:
    with data_folder() as folder:
        yield folder


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.skipif(not DEBIAN_15.exists(), reason="PostgreSQL 15 of Debian isn't installed here")
def test_postgresql_15_serves(data: Path) -> None:
    with external_postgres(DEBIAN_15) as url:
        environment = {"LARGESSE_DATABASE_URL": url, **SECRET}
        with serving(data, environment=environment) as server:
            assert server.children("/bin/postgres") == []
            assert not (data / "postgres").exists()
            listed = run("keys", "list", "--data", str(data), "--json", environment=environment)
            assert len(json.loads(listed.stdout)["keys"]) == 4
            told = run("doctor", "--data", str(data), "--json", "--port", "0", environment=environment)
            checks = {check["name"]: check for check in json.loads(told.stdout)["checks"]}
            assert checks["database"]["says"].startswith("PostgreSQL 15")
            assert checks["database"]["ok"]


def test_fsync_off_is_refused(data: Path) -> None:
    with external_postgres(binaries(), "fsync=off") as url:
        environment = {"LARGESSE_DATABASE_URL": url, **SECRET}
        refused = run("serve", "--data", str(data), "--port", "0", environment=environment)
        assert refused.returncode == 1
        assert "fsync=off" in refused.stderr
        assert "Traceback" not in refused.stderr
        told = run("doctor", "--data", str(data), environment=environment)
        assert told.returncode == 1
        assert "BAD fsync" in told.stdout


def test_a_database_that_isnt_there_is_refused_without_its_password(data: Path) -> None:
    environment = {"LARGESSE_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/x", **SECRET}
    refused = run("serve", "--data", str(data), "--port", "0", environment=environment)
    assert refused.returncode == 1
    assert "127.0.0.1:1/x can't be used" in refused.stderr
    assert "hunter2" not in refused.stderr


@pytest.mark.own_database
def test_a_schema_newer_than_the_program_is_refused(data: Path, database_url: str) -> None:
    environment = {"LARGESSE_DATABASE_URL": database_url, **SECRET}
    asyncio.run(execute(database_url, "INSERT INTO migrations (name) VALUES ('9999_from_the_future')"))
    refused = run("serve", "--data", str(data), "--port", "0", environment=environment)
    assert refused.returncode == 1
    assert "newer than this program (it has 9999_from_the_future)" in refused.stderr


def test_several_servers_may_migrate_one_empty_database_at_once(data: Path, server_url: str) -> None:
    import subprocess

    from tests.acceptance.server import clean_environment
    from tests.databases import with_database

    name = "t_" + data.name.replace("-", "_").lower()
    asyncio.run(execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0"))
    try:
        environment = clean_environment({"LARGESSE_DATABASE_URL": with_database(server_url, name), **SECRET})
        started = [
            subprocess.Popen(
                command("migrate", "--json", "--data", str(data / str(number))),
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(5)
        ]
        answers = [process.communicate(timeout=60)[0] for process in started]
        assert [process.returncode for process in started] == [0] * 5
        applied = [json.loads(answer)["applied"] for answer in answers]
        assert sum(bool(names) for names in applied) == 1
    finally:
        asyncio.run(execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))
