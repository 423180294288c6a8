"""Keys and accounts of an installation are made once, whoever starts it and how often."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from largesse.auth.passwords import hash_now, matches_now
from largesse.domain import keys as kinds
from largesse.runtime.bootstrap import ADMIN_EMAIL, bootstrap, demo_key
from largesse.runtime.credentials import Credentials
from largesse.runtime.directory import DataDirectory
from largesse.runtime.settings import KeyPair, Settings
from largesse.store.connection import Pool
from largesse.store.keys import opens, revoke_key, rotate_key


@pytest.fixture
def host(tmp_path: Path) -> Callable[[str], DataDirectory]:
    """The data directory of a host of that name."""

    def make(name: str) -> DataDirectory:
        directory = DataDirectory(tmp_path / name)
        directory.create()
        return directory

    return make


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url)


def known(directory: DataDirectory) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(directory.credentials_file.read_text())
    return found


async def made(pool: Pool) -> tuple[int, int, int]:
    """Projects, keys and accounts in the database."""
    row = await pool.fetchrow(
        "SELECT (SELECT count(*) FROM projects), (SELECT count(*) FROM api_keys), (SELECT count(*) FROM users)"
    )
    assert row is not None
    return tuple(row)


async def test_the_first_start_makes_a_key_of_each_kind_and_an_admin_that_work(pool, settings, host):
    directory = host("a")
    await bootstrap(settings, directory)
    assert await made(pool) == (1, 4, 1)
    for kind in kinds.KINDS:
        assert await opens(pool, known(directory)[kind]["id"], known(directory)[kind]["token"])
    stored = await pool.fetchval("SELECT password_hash FROM users WHERE email = $1", ADMIN_EMAIL)
    assert matches_now(known(directory)["dashboard"]["password"], stored)


async def test_a_later_start_makes_nothing_and_writes_nothing_wherever_it_is(pool, settings, host):
    first = host("a")
    await bootstrap(settings, first)
    before = first.credentials_file.read_bytes()
    for name in ("b", "c", "a"):
        await bootstrap(settings, host(name))
    assert await made(pool) == (1, 4, 1)
    assert first.credentials_file.read_bytes() == before
    assert not host("b").credentials_file.exists()


async def test_of_many_first_starts_at_once_one_makes_the_keys(pool, settings, host):
    directories = [host(str(number)) for number in range(12)]
    await asyncio.gather(*(bootstrap(settings, directory) for directory in directories))
    assert await made(pool) == (1, 4, 1)
    [first] = [directory for directory in directories if directory.credentials_file.exists()]
    assert await opens(pool, known(first)["server"]["id"], known(first)["server"]["token"])


async def test_without_its_row_each_start_would_make_them(pool, settings, host):
    """The guard is the installation's one row."""
    await bootstrap(settings, host("a"))
    await pool.execute("UPDATE installation SET initialised_at = NULL")
    await bootstrap(settings, host("b"))
    assert await made(pool) == (1, 8, 1)


async def test_a_first_start_that_was_killed_is_followed_by_one_with_the_same_keys(pool, settings, host):
    directory = host("a")
    await bootstrap(settings, directory)
    before = known(directory)
    await pool.execute("TRUNCATE api_keys, users, projects CASCADE")  # as if it had never been committed
    await pool.execute("UPDATE installation SET initialised_at = NULL")
    await bootstrap(settings, directory)
    assert {kind: known(directory)[kind] for kind in kinds.KINDS} == {kind: before[kind] for kind in kinds.KINDS}
    assert await made(pool) == (1, 4, 1)


async def test_an_installation_from_before_the_row_is_initialised_already(pool, settings, host):
    """The migration saw its keys."""
    migration = Path("largesse/store/migrations/0016_installation.sql").read_text()
    await pool.execute(
        "INSERT INTO users (id, email, name, password_hash, role) VALUES ('u', 'a@b.c', '', '', 'admin')"
    )
    await pool.execute("DELETE FROM installation")
    await pool.execute(migration[migration.index("INSERT") :])
    await bootstrap(settings, host("a"))
    assert await made(pool) == (0, 0, 1)


async def test_what_variables_ask_for_is_made_at_any_start(pool, database_url, settings, host):
    await bootstrap(settings, host("a"))
    pair = KeyPair(kinds.SERVER, "asked-for", "0123456789abcdef")
    asked = Settings(
        database_url=database_url, keys=(pair,), admin_email="me@example.com", admin_password="correct horse battery"
    )
    await bootstrap(asked, host("b"))
    await bootstrap(asked, host("b"))
    assert await made(pool) == (1, 5, 2)
    assert await opens(pool, "asked-for", "0123456789abcdef")
    assert not host("b").credentials_file.exists()


async def test_asked_for_at_the_first_start_nothing_of_that_kind_is_generated(pool, database_url, host):
    pair = KeyPair(kinds.CLIENT, "asked-for", "0123456789abcdef")
    asked = Settings(
        database_url=database_url, keys=(pair,), admin_email="me@example.com", admin_password="correct horse battery"
    )
    await bootstrap(asked, host("a"))
    assert sorted(known(host("a"))) == ["integration", "management", "project", "server"]
    assert await made(pool) == (1, 4, 1)


async def test_what_opens_nothing_any_more_is_taken_out_of_the_file(pool, settings, host):
    directory = host("a")
    await bootstrap(settings, directory)
    await rotate_key(pool, known(directory)["server"]["id"], "another token")  # in the dashboard, or on another host
    await revoke_key(pool, known(directory)["client"]["id"])
    await pool.execute("UPDATE users SET password_hash = $1", hash_now("a new one"))
    await bootstrap(settings, directory)
    assert sorted(known(directory)) == ["integration", "management", "project"]


async def test_the_demo_goes_on_with_a_key_of_its_own(pool, settings, host):
    directory = host("a")
    await bootstrap(settings, directory)
    assert await demo_key(settings, directory) == Credentials(directory).pair(kinds.SERVER)
    await rotate_key(pool, known(directory)["server"]["id"], "another token")
    await bootstrap(settings, directory)
    pair = await demo_key(settings, directory)
    assert await opens(pool, pair.app_id, pair.token)
    assert await demo_key(settings, directory) == pair
    assert await made(pool) == (1, 5, 1)


async def test_a_rotated_key_and_a_new_password_stand_in_the_file(settings, host):
    directory = host("a")
    await bootstrap(settings, directory)
    for kind in kinds.KINDS:
        Credentials(directory).key_changed(known(directory)[kind]["id"], f"new {kind}")
    Credentials(directory).key_changed("somebody else's", "x")
    Credentials(directory).password_changed(ADMIN_EMAIL, "new password")
    Credentials(directory).password_changed("other@example.com", "x")
    assert {kind: known(directory)[kind]["token"] for kind in kinds.KINDS} == {
        kind: f"new {kind}" for kind in kinds.KINDS
    }
    assert known(directory)["dashboard"]["password"] == "new password"
    Credentials(directory).key_changed(known(directory)["client"]["id"], None)
    assert "client" not in known(directory)
