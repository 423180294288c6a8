"""People of the dashboard from the command line, on a database that is there already."""

import secrets

import pytest

from largesse.auth import sessions
from largesse.auth.passwords import Passwords
from largesse.cli.errors import CommandFailed
from largesse.domain.errors import Unauthorized
from largesse.domain.projects import Project
from largesse.domain.users import FAILURES_MAX
from largesse.store.connection import Pool
from tests.cli.test_keys_and_schemas import run


async def test_somebody_is_let_in_with_a_password_that_is_shown_once(
    database_url: str, pool: Pool, project: Project
) -> None:
    made = await run(database_url, "users", "create", "New@Example.com", "--project", "Test", "--name", "New")
    token = await sessions.sign_in(pool, Passwords(), "new@example.com", made["password"])
    signed_in = await sessions.find_user(pool, token)
    assert signed_in is not None
    assert (signed_in.role, signed_in.projects) == ("user", [project.id])
    (listed,) = (await run(database_url, "users", "list"))["users"]
    assert (listed["email"], listed["projects"], listed["state"]) == ("new@example.com", ["Test"], "enabled")
    assert made["password"] not in str(listed)


async def test_a_new_password_ends_sessions_and_unlocks(database_url: str, pool: Pool) -> None:
    made = await run(database_url, "users", "create", "a@example.com", "--role", "admin")
    token = await sessions.sign_in(pool, Passwords(), "a@example.com", made["password"])
    for _ in range(FAILURES_MAX):
        with pytest.raises(Unauthorized):
            await sessions.sign_in(pool, Passwords(), "a@example.com", secrets.token_hex(8))
    assert [one["state"] for one in (await run(database_url, "users", "list"))["users"]] == ["locked"]
    changed = await run(database_url, "users", "password", "A@example.com")
    assert await sessions.find_user(pool, token) is None
    with pytest.raises(Unauthorized):
        await sessions.sign_in(pool, Passwords(), "a@example.com", made["password"])
    assert await sessions.sign_in(pool, Passwords(), "a@example.com", changed["password"])


async def test_who_is_disabled_is_out_at_once_and_the_last_admin_stays(database_url: str, pool: Pool) -> None:
    admin = await run(database_url, "users", "create", "a@example.com", "--role", "admin")
    user = await run(database_url, "users", "create", "b@example.com", "--role", "viewer")
    token = await sessions.sign_in(pool, Passwords(), user["email"], user["password"])
    assert await run(database_url, "users", "disable", user["email"]) == {"email": user["email"], "enabled": False}
    assert await sessions.find_user(pool, token) is None
    with pytest.raises(Unauthorized):
        await sessions.sign_in(pool, Passwords(), user["email"], user["password"])
    await run(database_url, "users", "enable", user["email"])
    assert await sessions.sign_in(pool, Passwords(), user["email"], user["password"])
    with pytest.raises(CommandFailed, match="this is the last one"):
        await run(database_url, "users", "disable", admin["email"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["create", "nobody"], "must be an e-mail address"),
        (["create", "a@example.com", "--role", "owner"], "allowed values"),
        (["create", "a@example.com", "--project", "none"], "There is no project none"),
        (["password", "none@example.com"], "nobody with the address"),
        (["disable", "none@example.com"], "nobody with the address"),
    ],
)
async def test_what_cannot_be_is_said(database_url: str, pool: Pool, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        await run(database_url, "users", *arguments)
    assert await pool.fetchval("SELECT count(*) FROM users") == 0


async def test_an_address_belongs_to_one(database_url: str) -> None:
    await run(database_url, "users", "create", "a@example.com")
    with pytest.raises(CommandFailed, match=r"a@example\.com"):
        await run(database_url, "users", "create", "A@example.com")
