"""`largesse events tail`, on a database that is there already."""

import asyncio
import contextlib
import json
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from largesse.cli.errors import CommandFailed
from largesse.cli.events import _tail, events_app
from largesse.cli.host import Host
from largesse.store.events import append_event
from tests.cli.host import ThisDatabase
from tests.events.log import readable


async def tail(url: str, *arguments: str) -> list[str]:
    app = events_app(cast("Host", ThisDatabase(url)))
    invoke = CliRunner().invoke
    answer = await asyncio.to_thread(invoke, app, ["tail", "--project", "Test", *arguments], catch_exceptions=False)
    return answer.stdout_bytes.decode().splitlines()


@pytest.fixture
async def happened(pool, project):
    async with pool.acquire() as connection:
        for n in range(250):
            await append_event(
                connection, project.id, f"ev_{n}", "customer.custom_event", f"cust_{n}", {"n": n}, "v-1", "k"
            )
        await append_event(connection, project.id, "ev_x", "publication.other", "pub_x", {}, "w-1", "job")
    await readable(pool)


async def test_the_last_ones_a_line_each(database_url, happened):
    lines = await tail(database_url)
    assert len(lines) == 10
    assert lines[0].split()[2:] == ["customer.custom_event", "cust_241", "k"]
    assert lines[-1].split()[3] == "pub_x"
    assert await tail(database_url, "--lines", "0") == []


async def test_from_a_cursor_on_as_json(database_url, happened):
    found: list[dict[str, Any]] = [
        json.loads(line) for line in await tail(database_url, "--after", "beginning", "--json")
    ]
    assert [one["id"] for one in found] == [*(f"ev_{n}" for n in range(250)), "ev_x"]
    rest = [json.loads(line) for line in await tail(database_url, "--after", found[199]["cursor"], "--json")]
    assert rest == found[200:]
    typed = await tail(database_url, "--after", "beginning", "--type", "publication.other")
    assert len(typed) == 1


async def test_what_is_no_cursor_is_a_sentence(database_url, happened):
    with pytest.raises(CommandFailed, match="nonsense isn't a cursor"):
        await tail(database_url, "--after", "nonsense")


async def test_it_follows_what_happens(database_url, happened, pool, project, capfdbinary):
    host = cast("Host", ThisDatabase(database_url))
    following = asyncio.create_task(_tail(host, None, "Test", None, 0, None, follow=True, json=True))
    await asyncio.sleep(0.3)
    async with pool.acquire() as connection:
        await append_event(connection, project.id, "ev_new", "customer.custom_event", "cust_new", {}, "v-1", "k")
    shown = b""
    async with asyncio.timeout(20):
        while b"ev_new" not in shown:
            await asyncio.sleep(0.1)
            shown += capfdbinary.readouterr().out
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    assert shown.count(b"\n") == 1
