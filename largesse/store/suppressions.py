"""Who wants no messages, in the database."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from largesse.domain.contacts import EMAIL, SMS, contact_keys
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("suppressions")
LIST: Final = ListSql(
    table="suppressions",
    page=SQL["list_suppressions"],
    count=SQL["count_suppressions"],
    filters={"channel": "s.channel = {}", "targets": "s.target = ANY ({}::text[])"},
    orders=both_ways({"created_at": "s.created_at"}, "(s.channel || '/' || s.target)", set_always=("created_at",)),
    key="({alias}.channel || '/' || {alias}.target)",
    fields={},
)


class Suppression(NamedTuple):
    """`target`: an address as domain/contacts.py has it, or a customer's id."""

    channel: str
    target: str
    reason: str
    created_at: datetime


async def suppress(connection: Connection, project_id: int, channel: str, targets: list[str], reason: str) -> None:
    await connection.execute(SQL["suppress"], project_id, channel, targets, reason)


async def allow(connection: Connection, project_id: int, channel: str, targets: list[str]) -> bool:
    """`targets`: all spellings of one. False when none was suppressed."""
    return await connection.fetchval(SQL["allow"], project_id, channel, targets) is not None


async def dial_code(connection: Connection, project_id: int) -> str | None:
    """What the project's numbers without a code are dialled with, as it was set."""
    row = await connection.fetchrow(SQL["about_contacts"], project_id)
    return None if row is None else row["dial_code"]


async def suppressed_contacts(
    connection: Connection, project_id: int, people: Sequence[tuple[str, str | None, str | None]]
) -> dict[str, set[str]]:
    """By the id of (id, e-mail, phone) each: the channels on which the address is suppressed, however it is spelled."""
    about = await connection.fetchrow(SQL["about_contacts"], project_id)
    if about is None or not about["channels"]:
        return {}
    # A phone number takes a third of a millisecond: others are served meanwhile.
    keys = await asyncio.to_thread(_keys, people, set(about["channels"]), about["dial_code"])
    if not keys:
        return {}
    channels, targets = zip(*keys, strict=True)
    found: dict[str, set[str]] = {}
    for row in await connection.fetch(SQL["find_contacts"], project_id, list(channels), list(targets)):
        for id_ in keys[row["channel"], row["target"]]:
            found.setdefault(id_, set()).add(row["channel"])
    return found


def _keys(
    people: Sequence[tuple[str, str | None, str | None]], channels: set[str], dial_code: str | None
) -> dict[tuple[str, str], list[str]]:
    """Whose they are, by channel and key."""
    keys: dict[tuple[str, str], list[str]] = {}
    for id_, email, phone in people:
        for channel, text in ((EMAIL, email), (SMS, phone)):
            if text and channel in channels:
                for key in contact_keys(channel, text, dial_code):
                    keys.setdefault((channel, key), []).append(id_)
    return keys


async def addresses_of(connection: Connection, project_id: int, customer_id: str) -> dict[str, str | None]:
    """By channel; empty for somebody unknown."""
    row = await connection.fetchrow(SQL["addresses_of"], project_id, customer_id)
    return {} if row is None else {"email": row["email"], "sms": row["phone"]}


async def list_suppressions(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> list[Suppression]:
    """One page: what ListSql.rows takes."""
    return [Suppression(*row) for row in await LIST.rows(connection, project, narrowing, **page)]


async def count_suppressions(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)
