"""The messages of distributions in the database."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import asyncpg
from msgspec.structs import replace

from largesse.domain.contacts import (
    ADDRESSES,
    DOMAIN_MAX,
    EMAIL,
    LENGTH_MAX,
    LOCAL_MAX,
    SMS,
    UNCLEAR_ADDRESSES,
    calling_code,
    mail_address,
)
from largesse.domain.customers import CustomerShort
from largesse.domain.distributions import Message, Person
from largesse.domain.errors import AudienceTooSlow, InvalidQueryParams
from largesse.domain.projects import Project
from largesse.store.connection import Connection, took_too_long
from largesse.store.customers import LIST as CUSTOMERS
from largesse.store.lists import ListSql, Narrowing, both_ways, fetch_limited
from largesse.store.sql import load
from largesse.store.suppressions import dial_code, suppressed_contacts

SQL: Final = load("distribution_messages")
LIST: Final = ListSql(
    table="distribution_messages",
    page=SQL["list_messages"],
    count=SQL["count_messages"],
    filters={
        "distribution_id": "m.distribution_id = {}",
        "state": "m.state = {}",
        "channel": "m.channel = {}",
        "customer_id": "m.customer_id = {}",
    },
    orders=both_ways({"created_at": "m.id"}, "m.id", set_always=("created_at",)),
    fields={},
)


class Candidate(NamedTuple):
    """Somebody of an audience."""

    customer: CustomerShort
    phone: str | None
    person: Person


class NewMessage(NamedTuple):
    id: str
    customer_id: str
    channel: str
    event_id: str
    state: str
    reason: str | None
    publication_id: str | None = None
    facts: dict[str, Any] | None = None


class Outcome(NamedTuple):
    """What came of a message: its new state, why, what the other side said, and seconds until it may go again."""

    message_id: str
    state: str
    reason: str | None = None
    receipt: str | None = None
    due_in_s: float = 0.0


class Work(NamedTuple):
    """What a distribution still has to do."""

    pending: bool
    sending: bool
    held: bool
    due: bool


async def audience(
    connection: Connection, project: Project, narrowing: Narrowing, campaign_id: str | None, after: str, limit: int
) -> list[Candidate]:
    """The next customers behind the id `after`. `campaign_id`: of the one that gives each customer one code.

    Raises AudienceTooSlow; the transaction can be gone on with.
    """
    values: dict[str, Any] = {"after": after, "limit": limit, "offset": 0, "campaign": campaign_id}
    text, arguments = CUSTOMERS.statement(SQL["audience"], project, narrowing, **values)
    return await _candidates(connection, project.id, await _fetch(connection, text, arguments))


async def _fetch(connection: Connection, text: str, arguments: list[Any]) -> list[asyncpg.Record]:
    try:
        async with connection.transaction():  # a savepoint: the chunk says that it was too slow
            return await connection.fetch(text, *arguments)
    except asyncpg.QueryCanceledError as error:
        if not took_too_long(error):
            raise
        raise AudienceTooSlow from error


async def page_of_audience(
    connection: Connection, project: Project, narrowing: Narrowing, campaign_id: str | None, limit: int, offset: int
) -> list[Candidate]:
    """The same for a look ahead. Raises InvalidQueryParams when it takes too long."""
    values: dict[str, Any] = {"after": "", "limit": limit, "offset": offset, "campaign": campaign_id}
    text, arguments = CUSTOMERS.statement(SQL["audience"], project, narrowing, **values)
    return await _candidates(connection, project.id, await fetch_limited(connection, text, arguments))


async def count_audience(
    connection: Connection,
    project: Project,
    narrowing: Narrowing,
    campaign_id: str | None,
    most: int,
    *,
    limited: bool = True,
) -> list[tuple[Person, int]]:
    """How many people of each kind, of the first `most`. Raises InvalidQueryParams when a request takes too long,
    AudienceTooSlow when a job does (not `limited`).
    """
    dial = calling_code(await dial_code(connection, project.id))
    values: dict[str, Any] = {
        "limit": most, "campaign": campaign_id, "dial": dial, "address_max": LENGTH_MAX, "local_max": LOCAL_MAX,
        "domain_max": DOMAIN_MAX, "addresses": ADDRESSES, "unclear": UNCLEAR_ADDRESSES,
    }  # fmt: skip
    text, arguments = CUSTOMERS.statement(SQL["count_audience"], project, narrowing, **values)
    rows = await (fetch_limited if limited else _fetch)(connection, text, arguments)
    unclear = [(row["unclear"], row["unclear"], None) for row in rows if row["unclear"] is not None]
    suppressed = await suppressed_contacts(connection, project.id, unclear) if unclear else {}
    kinds: Counter[Person] = Counter()
    for row in rows:
        person = _person(row)
        if (address := row["unclear"]) is not None:
            no_email = person.no_email or EMAIL in suppressed.get(address, set())
            person = replace(person, has_email=mail_address(address) is not None, no_email=no_email)
        kinds[person] += row["people"]
    return list(kinds.items())


class Shared(NamedTuple):
    """Addresses that several customers of an audience have: how many, of how many, and how many have one of a page."""

    addresses: int
    customers: int
    by_target: dict[str, int]


async def shared_addresses(
    connection: Connection, project: Project, narrowing: Narrowing, channel: str, page: list[Candidate], most: int
) -> Shared | None:
    """None when it takes too long; the transaction can be gone on with."""
    targets = sorted({target for one in page if (target := target_of(channel, one))})
    values: dict[str, Any] = {"limit": most, "channel": channel, "targets": targets}
    text, arguments = CUSTOMERS.statement(SQL["shared_addresses"], project, narrowing, **values)
    try:
        async with connection.transaction():
            first, *others = await fetch_limited(connection, text, arguments)
    except InvalidQueryParams:
        return None
    return Shared(first["addresses"], first["customers"], {row["target"]: row["customers"] for row in others})


def target_of(channel: str, one: Candidate) -> str:
    """The address of a customer as `shared_addresses` compares them."""
    if channel == EMAIL:
        return (one.customer.email or "").strip(" ").lower()
    return re.sub("[^0-9+]", "", (one.phone or "").replace("(0)", ""))


class Sample(NamedTuple):
    """What a campaign would give: until when it is valid, its own row, and rows of vouchers."""

    valid_until: datetime | None
    is_expired: bool
    campaign: dict[str, Any]
    vouchers: list[dict[str, Any]]


async def sample(connection: Connection, project: Project, campaign_id: str, count: int) -> Sample:
    row = await connection.fetchrow(SQL["sample"], project.id, campaign_id, count, project.time_zone)
    assert row is not None, "the caller has found the campaign"
    return Sample(row["valid_until"], bool(row["is_expired"]), row["campaign"], row["vouchers"] or [])


def _person(row: Any) -> Person:
    return Person(**{name: row[name] for name in Person.__struct_fields__})


async def _candidates(connection: Connection, project_id: int, rows: list[asyncpg.Record]) -> list[Candidate]:
    people = [(row["id"], row["email"], row["phone"]) for row in rows]
    suppressed = await suppressed_contacts(connection, project_id, people)
    return [_candidate(row, suppressed.get(row["id"], set())) for row in rows]


def _candidate(row: Any, suppressed: set[str]) -> Candidate:
    customer = CustomerShort(**{name: row[name] for name in CustomerShort.__struct_fields__})
    person = _person(row)
    person = replace(
        person,
        has_email=mail_address(row["email"]) is not None,
        no_email=person.no_email or EMAIL in suppressed,
        no_sms=person.no_sms or SMS in suppressed,
    )
    return Candidate(customer, row["phone"], person)


async def add_messages(
    connection: Connection, project_id: int, distribution_id: str, messages: list[NewMessage]
) -> None:
    """Those who have one already get no second one."""
    columns = [list(column) for column in zip(*messages, strict=True)]
    await connection.execute(SQL["add_messages"], project_id, distribution_id, *columns)


async def pending_recipients(
    connection: Connection, project_id: int, distribution_id: str, limit: int
) -> list[tuple[str, str]]:
    """Customer and event each."""
    rows = await connection.fetch(SQL["pending_recipients"], project_id, distribution_id, limit)
    return [(row["customer_id"], row["event_id"]) for row in rows]


async def decide_pending(
    connection: Connection,
    project_id: int,
    distribution_id: str,
    recipients: list[tuple[str, str]],
    *,
    state: str,
    reason: str | None = None,
    publication_id: str | None = None,
    fallback: bool = False,
    failing: list[str] | None = None,
) -> None:
    """`failing`: channels whose messages fail, for the same reason."""
    customers, events = [one for one, _ in recipients], [event for _, event in recipients]
    kept = None if fallback else reason
    values = (customers, events, state, kept, publication_id, fallback, failing or [], reason)
    await connection.execute(SQL["decide_pending"], project_id, distribution_id, *values)


async def ready_pending(connection: Connection, project_id: int, distribution_id: str, limit: int) -> None:
    await connection.execute(SQL["ready_pending"], project_id, distribution_id, limit)


async def lose_sending(connection: Connection, project_id: int, distribution_id: str, reason: str) -> int:
    """How many messages nobody knows anything of any more."""
    return len(await connection.fetch(SQL["lose_sending"], project_id, distribution_id, reason))


async def ready_messages(
    connection: Connection, project_id: int, distribution_id: str, attempt: int, channel: str, limit: int
) -> list[Message]:
    """Those that may go now, locked until the transaction ends."""
    rows = await connection.fetch(SQL["ready_messages"], project_id, distribution_id, attempt, channel, limit)
    return [Message(**row) for row in rows]


async def claim_messages(
    connection: Connection, project_id: int, attempt: int, bodies: Mapping[str, str | None]
) -> None:
    """Messages that `ready_messages` gave, by id, and what each will say at every try; None: it is made anew."""
    await connection.execute(SQL["claim_messages"], project_id, attempt, list(bodies), list(bodies.values()))


async def let_go(connection: Connection, project_id: int, distribution_id: str) -> None:
    await connection.execute(SQL["let_go"], project_id, distribution_id)


async def record_outcomes(
    connection: Connection, project_id: int, distribution_id: str, attempt: int, outcomes: list[Outcome]
) -> list[str]:
    """The publications whose codes it was about."""
    columns = [list(column) for column in zip(*outcomes, strict=True)]
    rows = await connection.fetch(SQL["record_outcomes"], project_id, distribution_id, attempt, *columns)
    return sorted({row["publication_id"] for row in rows if row["publication_id"] is not None})


async def settled_holds(
    connection: Connection, project_id: int, publication_ids: list[str]
) -> tuple[list[str], list[str]]:
    """Those to confirm and those to release."""
    rows = await connection.fetch(SQL["settled_holds"], project_id, publication_ids)
    return [row["id"] for row in rows if row["accepted"]], [row["id"] for row in rows if not row["accepted"]]


async def work_left(connection: Connection, project_id: int, distribution_id: str) -> Work:
    row = await connection.fetchrow(SQL["next_due"], project_id, distribution_id)
    assert row is not None
    return Work(*row)


async def materials(
    connection: Connection,
    project_id: int,
    customer_ids: list[str],
    publication_ids: list[str],
    *,
    time_zone: str = "UTC",
) -> dict[str, dict[str, Any]]:
    """By id: customers that exist, and publications with their vouchers and their campaign."""
    rows = await connection.fetch(SQL["materials"], project_id, customer_ids, publication_ids, time_zone)
    found: dict[str, dict[str, Any]] = {row["id"]: row["data"] for row in rows}
    customers = [row["data"] for row in rows if row["kind"] == "customer"]
    people = [(one["id"], one["email"], one["phone"]) for one in customers]
    suppressed = await suppressed_contacts(connection, project_id, people)
    for one in customers:
        one["suppressed"] += sorted(suppressed.get(one["id"], set()))
    for id_ in publication_ids:
        if id_ in found:
            found[id_]["campaign"] = found.get(found[id_]["publication"]["campaign_id"])
    return found


async def give_back(connection: Connection, project_id: int, distribution_id: str, limit: int) -> list[str | None]:
    """The publications of messages that never go, one each."""
    rows = await connection.fetch(SQL["give_back"], project_id, distribution_id, limit)
    return [row["publication_id"] for row in rows]


async def is_known(connection: Connection, project_id: int, distribution_id: str) -> bool:
    """Deleted ones are known."""
    return bool(await connection.fetchval(SQL["is_known"], project_id, distribution_id))


async def get_message(connection: Connection, project_id: int, distribution_id: str, id: str) -> Message | None:
    row = await connection.fetchrow(SQL["get_message"], project_id, distribution_id, id)
    return None if row is None else Message(**row)


async def list_messages(connection: Connection, project: Project, narrowing: Narrowing, **page: Any) -> list[Message]:
    """One page: what ListSql.rows takes."""
    return [Message(**row) for row in await LIST.rows(connection, project, narrowing, **page)]


async def count_messages(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def decide_unknown(
    connection: Connection, project_id: int, distribution_id: str, id: str, state: str, reason: str
) -> tuple[bool, str | None]:
    """Whether it was unknown until now, and the publication whose codes it carried."""
    row = await connection.fetchrow(SQL["decide_unknown"], project_id, distribution_id, id, state, reason)
    return row is not None, None if row is None else row["publication_id"]


async def retry_failed(
    connection: Connection, project_id: int, distribution_id: str, limit: int, ids: list[str] | None
) -> int:
    """How many may go again."""
    return len(await connection.fetch(SQL["retry_failed"], project_id, distribution_id, limit, ids))


async def statistics(connection: Connection, project_id: int, distribution_id: str) -> list[dict[str, Any]]:
    """channel, state, reason, messages."""
    return [dict(row) for row in await connection.fetch(SQL["statistics"], project_id, distribution_id)]


async def count_recipients(connection: Connection, project_id: int, distribution_id: str) -> tuple[int, int]:
    """People, and those of them whom a message has reached."""
    row = await connection.fetchrow(SQL["count_recipients"], project_id, distribution_id)
    assert row is not None
    return row["recipients"], row["reached"]


async def lines(
    connection: Connection, project_id: int, distribution_id: str, after: str, limit: int
) -> list[tuple[Any, ...]]:
    """Message id, customer id, source_id, name, e-mail, phone and code of the next messages in the file."""
    rows = await connection.fetch(SQL["lines"], project_id, distribution_id, after, limit)
    return [tuple(row) for row in rows]
