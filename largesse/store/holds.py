"""Codes held by distributions, in the database."""

from typing import Any, Final, NamedTuple

from largesse.domain.campaigns import REFERRAL_PROGRAM, Campaign
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("holds")


class Recipient(NamedTuple):
    """A locked customer."""

    id: str
    source_id: str | None
    gone: bool
    joined: bool


class Code(NamedTuple):
    """A locked free voucher."""

    id: str
    code: str
    pick_key: int


class Hold(NamedTuple):
    """A publication to be held for one recipient."""

    publication_id: str
    recipient: Recipient
    event_id: str
    codes: list[Code]
    link_ids: list[str]


class Changed(NamedTuple):
    """How many vouchers of a campaign were moved, and by how many publications; `disabled`: vouchers switched off."""

    campaign_id: str | None
    vouchers: int
    publications: int
    disabled: int


class Provenance(NamedTuple):
    """Where publications come from."""

    channel: str
    metadata: dict[str, Any]
    request_id: str
    actor: str


async def lock_recipients(
    connection: Connection, project_id: int, customer_ids: list[str], campaign_id: str
) -> dict[str, Recipient]:
    rows = await connection.fetch(SQL["lock_recipients"], project_id, customer_ids, campaign_id)
    return {row["id"]: Recipient(*row) for row in rows}


async def pick_vouchers(
    connection: Connection, project_id: int, campaign_id: str, after: int, limit: int
) -> list[Code]:
    """Free ones behind the key `after`, and then, once round, from the beginning."""
    statement = SQL["pick_vouchers"]
    rows = await connection.fetch(statement, project_id, campaign_id, after, limit)
    if len(rows) < limit and after >= 0:
        known = {row["id"] for row in rows}
        again = await connection.fetch(statement, project_id, campaign_id, -1, limit)
        rows += [row for row in again if row["id"] not in known][: limit - len(rows)]
    return [Code(*row) for row in rows]


async def enough_free(connection: Connection, project_id: int, campaign_id: str, count: int) -> bool:
    return bool(await connection.fetchval(SQL["enough_free"], project_id, campaign_id, count))


async def is_running(connection: Connection, project_id: int, campaign_id: str) -> bool:
    """False for a campaign that has expired."""
    return await connection.fetchval(SQL["is_running"], project_id, campaign_id) is not None


async def hold_codes(
    connection: Connection,
    project_id: int,
    holder: str,
    campaign: Campaign,
    holds: list[Hold],
    origin: Provenance,
) -> set[str]:
    """For locked recipients and codes; the ids of the publications that are there now. Counters are the caller's."""
    given = [
        (code, hold.publication_id, position, link_id)
        for hold in holds
        for position, (code, link_id) in enumerate(zip(hold.codes, hold.link_ids, strict=True), 1)
    ]
    rows = await connection.fetch(
        SQL["hold_codes"],
        project_id,
        holder,
        campaign.id,
        [hold.recipient.id for hold in holds],
        [hold.recipient.source_id for hold in holds],
        [hold.publication_id for hold in holds],
        [not hold.recipient.joined for hold in holds],
        [hold.event_id for hold in holds],
        [code.id for code, *_ in given],
        [code.code for code, *_ in given],
        [publication_id for _, publication_id, *_ in given],
        [position for *_, position, _ in given],
        [link_id for *_, link_id in given],
        origin.channel,
        origin.metadata,
        campaign.voucher["type"],
        campaign.campaign_type == REFERRAL_PROGRAM,
        [len(hold.codes) for hold in holds],
        [hold.codes[0].code for hold in holds],
    )
    return {row["id"] for row in rows}


async def fail_codes(
    connection: Connection,
    project_id: int,
    campaign: Campaign,
    recipients: list[tuple[Recipient, str]],
    origin: Provenance,
    failure: tuple[str, str],
) -> None:
    """A FAILURE publication for each recipient, with its id. Counters are the caller's."""
    await connection.execute(
        SQL["fail_codes"],
        project_id,
        campaign.id,
        [recipient.id for recipient, _ in recipients],
        [recipient.source_id for recipient, _ in recipients],
        [publication_id for _, publication_id in recipients],
        origin.channel,
        origin.metadata,
        campaign.voucher["type"],
        campaign.campaign_type == REFERRAL_PROGRAM,
        *failure,
        origin.request_id,
        origin.actor,
    )


async def confirm_holds(
    connection: Connection,
    project_id: int,
    holder: str,
    publication_ids: list[str],
    *,
    time_zone: str,
    request_id: str,
    actor: str,
) -> list[Changed]:
    """Held publications become successes. Counters are the caller's."""
    await connection.execute(SQL["lock_held_codes"], project_id, publication_ids)
    values = (holder, publication_ids, time_zone, request_id, actor)
    return [Changed(*row) for row in await connection.fetch(SQL["confirm_holds"], project_id, *values)]


async def release_holds(
    connection: Connection,
    project_id: int,
    holder: str,
    publication_ids: list[str],
    *,
    failure: tuple[str, str],
    request_id: str,
    actor: str,
) -> list[Changed]:
    """Held publications become failures, their codes free. Counters are the caller's."""
    await connection.execute(SQL["lock_holders"], project_id, publication_ids)
    await connection.execute(SQL["lock_held_codes"], project_id, publication_ids)
    values = (holder, publication_ids, *failure, request_id, actor)
    changed = [Changed(*row) for row in await connection.fetch(SQL["release_holds"], project_id, *values)]
    await connection.execute(SQL["pass_on_first"], project_id, publication_ids)
    return changed
