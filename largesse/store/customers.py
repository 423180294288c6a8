"""Customers in the database."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from largesse.domain.customers import ADDRESS, Cards, Customer, Profile
from largesse.domain.errors import InvalidQueryParams
from largesse.domain.filters import METADATA, Kind
from largesse.domain.projects import Project
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql, birthday, everywhere, metadata
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

SQL: Final = load("customers")
AT_ONCE_MAX: Final = 1_000
"""Customers of one moment on one page, which is as long as that."""
_TO_GO: Final = "v.amount - v.subtracted - v.expired - v.redeemed"
_BALANCES: Final = (
    "(SELECT coalesce(sum({sum}), 0) FROM vouchers v WHERE v.project_id = $1 AND v.holder_id = c.id"
    " AND v.type = '{type}' AND v.type <> 'DISCOUNT_VOUCHER')"
)


def _balances(sum: str, type: str) -> FieldSql:
    """Of all cards of a type that a customer holds. The second look at the type lets vouchers_cards find them."""
    return FieldSql(_BALANCES.replace("{sum}", sum).replace("{type}", type), Kind.NUMBER)


LIST: Final = ListSql(
    table="customers",
    page=SQL["page"],
    count=SQL["count_customers"],
    filters={
        "customer_id": "c.id = {}",
        "customer_ids": "c.id = ANY ({}::text[])",
        "email": "c.email = {}",
        "name": "c.name = {}",
        "city": "c.address->>'city' = {}",
        "segment": "c.id = ANY (ARRAY(SELECT m.customer_id FROM segment_members m"
        " WHERE m.project_id = $1 AND m.segment_id = (SELECT s.id FROM segments s"
        " WHERE s.project_id = $1 AND s.id = {} AND s.type = 'static')))",
        "member_of": "c.id = ANY (ARRAY(SELECT m.customer_id FROM segment_members m"
        " WHERE m.project_id = $1 AND m.segment_id = {}))",
        # The cursor of `starting_after`: apart from the filters, because it doesn't change what is counted.
        "cursor_before": "c.created_at < {}",
        "cursor_after": "c.created_at > {}",
        "cursor_at": "c.created_at = {}",
        "created_before": "c.created_at < {}",
        "created_after": "c.created_at > {}",
        "updated_before": "c.updated_at < {}",
        "updated_after": "c.updated_at > {}",
    },
    orders=both_ways(
        {"created_at": "c.created_at", "updated_at": "c.updated_at", "source_id": "c.source_id"},
        "c.id",
        set_always=("created_at",),
    ),
    fields={
        "id": FieldSql("c.id"),
        "source_id": FieldSql("c.source_id"),
        "name": FieldSql("c.name"),
        "email": FieldSql("c.email"),
        "phone": FieldSql("c.phone"),
        "description": FieldSql("c.description"),
        "city": FieldSql("(c.address ->> 'city') COLLATE \"C\""),
        **{f"address.{part}": FieldSql(f"(c.address ->> '{part}') COLLATE \"C\"") for part in ADDRESS},
        "birthday": birthday("c.birthday"),
        "birthdate": birthday("c.birthdate"),
        "created_at": FieldSql("c.created_at", Kind.DATE_TIME),
        "updated_at": FieldSql("c.updated_at", Kind.DATE_TIME),
        "publications.created_at": everywhere(
            "p.created_at",
            "EXISTS (SELECT FROM publications p WHERE p.project_id = $1 AND p.customer_id = c.id"
            " AND p.result = 'SUCCESS' AND {match})",
            Kind.DATE_TIME,
        ),
        "publications.related_object_id": FieldSql(
            "l.voucher_id",
            # A code that is only held for somebody isn't his yet.
            equal="c.id = ANY (ARRAY(SELECT l.customer_id FROM publication_vouchers l"
            " WHERE l.project_id = $1 AND {match} AND EXISTS (SELECT FROM publications p"
            " WHERE p.project_id = $1 AND p.id = l.publication_id AND p.result = 'SUCCESS')))",
            other="EXISTS (SELECT FROM publication_vouchers l"
            " WHERE l.project_id = $1 AND l.customer_id = c.id AND {match} AND EXISTS (SELECT FROM publications p"
            " WHERE p.project_id = $1 AND p.id = l.publication_id AND p.result = 'SUCCESS'))",
        ),
        "summary.redemptions.gift.redeemed_amount": _balances("v.redeemed", GIFT_VOUCHER),
        "summary.redemptions.loyalty_card.redeemed_points": _balances("v.redeemed", LOYALTY_CARD),
        "summary.redemptions.gift.amount_to_go": _balances(_TO_GO, GIFT_VOUCHER),
        "summary.redemptions.loyalty_card.points_to_go": _balances(_TO_GO, LOYALTY_CARD),
        "loyalty.points": _balances("v.amount - v.expired", LOYALTY_CARD),
        METADATA: metadata("c.metadata"),
    },
    nulls_last_page=SQL["page_nulls_last"],
    nulls_last=frozenset({"source_id", "-source_id", "updated_at", "-updated_at"}),
    rows_of=SQL["list_customers"],
    gathered_page=SQL["gathered_page"],
)


class LockedCustomer(NamedTuple):
    id: str
    source_id: str | None
    metadata: dict[str, Any]


async def upsert_customer(
    connection: Connection, project_id: int, id: str, source_id: str | None, profile: Profile
) -> Customer | None:
    """Create, or write onto the customer of that source id; None when that one has it all already.

    `id` is for a new customer: if another one comes back, the customer existed.
    """
    row = await connection.fetchrow(SQL["upsert_customer"], project_id, id, source_id, *_values(profile))
    return None if row is None else Customer(**row)


async def update_customer(connection: Connection, project_id: int, id: str, profile: Profile) -> Customer | None:
    """None when there is no such customer, or nothing to change."""
    row = await connection.fetchrow(SQL["update_customer"], project_id, id, *_values(profile), sorted(profile.cleared))
    return None if row is None else Customer(**row)


def _values(profile: Profile) -> tuple[Any, ...]:
    return (
        profile.name,
        profile.description,
        profile.email,
        profile.phone,
        profile.birthday,
        profile.birthdate,
        profile.address,
        profile.metadata,
    )


async def lock_customers(connection: Connection, project_id: int, names: list[str]) -> list[LockedCustomer]:
    """Those that the names mean, by id or source_id, held until the transaction ends."""
    return [LockedCustomer(*row) for row in await connection.fetch(SQL["lock_customers"], project_id, names)]


async def upsert_customers(
    connection: Connection, project_id: int, sent: list[tuple[str, str | None, Profile]], known: Collection[str]
) -> list[Customer]:
    """Create or write onto many: (id for a new one, source_id, profile) each, no source_id twice. `known`: the source
    ids of those that are there. Those that have it all already don't come back.
    """
    rows = [{"id": new_id, "source_id": source_id, "ago": 0, **_fields(profile)} for new_id, source_id, profile in sent]
    new = [row for row in rows if row["source_id"] not in known]
    for ago, row in enumerate(reversed(new)):
        row["ago"] = ago
    return [Customer(**row) for row in await connection.fetch(SQL["upsert_customers"], project_id, rows)]


async def update_customers(connection: Connection, project_id: int, sent: list[tuple[str, Profile]]) -> list[Customer]:
    """Write onto many, named by id. Those that have it all already don't come back."""
    rows = [
        {"id": customer_id, **_fields(profile), "cleared": sorted(profile.cleared)} for customer_id, profile in sent
    ]
    return [Customer(**row) for row in await connection.fetch(SQL["update_customers"], project_id, rows)]


def _fields(profile: Profile) -> dict[str, Any]:
    fields = dict(zip(_COLUMNS, _values(profile), strict=True))
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in fields.items()
        if value is not None
    }


_COLUMNS: Final = ("name", "description", "email", "phone", "birthday", "birthdate", "address", "metadata")


async def find_customer(connection: Connection, project_id: int, id_or_source_id: str) -> Customer | None:
    row = await connection.fetchrow(SQL["find_customer"], project_id, id_or_source_id)
    return None if row is None else Customer(**row)


async def find_customers(connection: Connection, project_id: int, ids: list[str]) -> dict[str, Customer]:
    """By id; those who were deleted, too."""
    return {row["id"]: Customer(**row) for row in await connection.fetch(SQL["find_customers"], project_id, ids)}


async def delete_customer(connection: Connection, project_id: int, id: str) -> bool:
    return await connection.fetchval(SQL["delete_customer"], project_id, id) is not None


async def erase_customer(connection: Connection, project_id: int, id_or_source_id: str) -> Customer | None:
    """The emptied customer; `updated_at` is the moment of the deletion."""
    row = await connection.fetchrow(SQL["erase_customer"], project_id, id_or_source_id)
    if row is None:
        return None
    await connection.execute(SQL["forget_tracking_ids"], project_id, row["id"])
    await connection.execute(SQL["forget_receipts"], project_id, row["id"])
    return Customer(**row)


async def list_customers(connection: Connection, project: Project, narrowing: Narrowing, **page: Any) -> list[Customer]:
    """One page: what ListSql.rows takes."""
    rows = await LIST.rows(connection, project, narrowing, **page)
    return [Customer(**row) for row in rows]


async def list_after_moment(
    connection: Connection,
    project: Project,
    narrowing: Narrowing,
    *,
    after: datetime | None,
    descending: bool,
    limit: int,
    total: int,
) -> tuple[list[Customer], bool]:
    """A page of those made before the moment `after`, or after it, and whether there are more.

    All that one moment has are on one page, however many: the next one begins behind that moment. Raises
    InvalidQueryParams for too many of them.
    """
    order, beyond = ("-created_at", "cursor_before") if descending else ("created_at", "cursor_after")

    async def fetch(limit: int, **cursor: datetime) -> list[Customer]:
        narrowed = replace(narrowing, given={**narrowing.given, **cursor})
        return await list_customers(connection, project, narrowed, order=order, limit=limit, offset=0, total=total)

    found = await (fetch(limit + 1) if after is None else fetch(limit + 1, **{beyond: after}))
    if len(found) <= limit or found[limit].created_at != found[limit - 1].created_at:
        return found[:limit], len(found) > limit
    moment = found[limit].created_at
    same = await fetch(AT_ONCE_MAX + 1, cursor_at=moment)
    if len(same) > AT_ONCE_MAX:
        raise InvalidQueryParams(
            f"More than {AT_ONCE_MAX} customers were made at the same moment."
            " Property .starting_after_id goes through them"
        )
    has_more = bool(await fetch(1, **{beyond: moment}))
    return [one for one in found if one.created_at != moment] + same, has_more


async def count_customers(connection: Connection, project: Project, narrowing: Narrowing) -> int:
    return await LIST.total(connection, project, narrowing)


async def cards_of(connection: Connection, project_id: int, customer_ids: list[str]) -> dict[str, Cards]:
    """By customer; those who hold none aren't there."""
    rows = await connection.fetch(SQL["cards_of_customers"], project_id, customer_ids)
    return {row["holder_id"]: Cards(**{name: row[name] for name in Cards.__struct_fields__}) for row in rows}


async def find_ids(connection: Connection, project_id: int, names: list[str]) -> dict[str, str]:
    """Name to the id of the customer that it means, by id or source_id; those that mean none aren't there."""
    rows = await connection.fetch(SQL["find_ids"], project_id, names)
    return {row["name"]: row["id"] for row in rows if row["id"] is not None}
