"""Publications in the database: the batched publish statement and the reads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import asyncpg
import msgspec

from largesse.domain.customers import CustomerShort
from largesse.domain.filters import METADATA, Kind
from largesse.domain.projects import Project
from largesse.domain.publications import PUBLISHED, Publication, PublicationRequest
from largesse.domain.vouchers import VOUCHER_COLUMNS, Voucher
from largesse.store.connection import Connection
from largesse.store.filters import FieldSql, everywhere, metadata
from largesse.store.lists import ListSql, Narrowing, both_ways
from largesse.store.sql import load

_SQL = load("publications")
_VOUCHER_FIELDS: Final = tuple((field, f"v_{field}") for field in VOUCHER_COLUMNS)


class SpareCode(msgspec.Struct, frozen=True):
    """A fresh code that an AUTO_UPDATE campaign may turn into a voucher, for whoever of a batch comes next."""

    campaign_id: str
    voucher_id: str
    code: str
    pick_key: int


class Verdict(msgspec.Struct, frozen=True):
    """What the statement says to one request: an outcome of `domain.publications`, and its publication if made now."""

    outcome: str
    publication_id: str
    campaign_id: str | None
    voucher_id: str | None
    cursor: int | None  # where the claim of the campaign's pool stopped
    changes: int  # of the campaign's counters, that wait to be folded
    code_config: dict[str, Any] | None  # with SHORT_OF_CODES: what new codes must look like
    publication: Publication | None


async def publish(
    connection: Connection,
    project: Project,
    requests: Sequence[PublicationRequest],
    *,
    cursors: dict[str, int],
    spares: Sequence[SpareCode] = (),
    giving_up: frozenset[str] = frozenset(),
) -> list[Verdict]:
    """Decide a batch in one statement: one verdict per request, in their order.

    `cursors`: campaign id to the last pick key that this process took. `giving_up`: ids of publications that have had
    their tries at new codes. Raises asyncpg errors; then nothing of the batch is published, unless the connection
    was lost.
    """
    rows = await connection.fetch(
        _SQL["publish"],
        project.id,
        project.time_zone,
        project.on_known_source_id == "strict",
        [r.campaign for r in requests],
        [None if r.voucher is None else project.code_key(r.voucher) for r in requests],
        [r.voucher for r in requests],
        [r.count for r in requests],
        [r.customer.id for r in requests],
        [r.customer.source_id for r in requests],
        [r.customer.new_id for r in requests],
        [r.customer.profile for r in requests],
        [r.source_id for r in requests],
        [r.join_once for r in requests],
        [r.channel for r in requests],
        [r.metadata for r in requests],
        [r.id for r in requests],
        [r.holder_millis for r in requests],
        [r.holder_counter for r in requests],
        [r.id in giving_up for r in requests],
        list(cursors),
        list(cursors.values()),
        [s.campaign_id for s in spares],
        [s.voucher_id for s in spares],
        [s.code for s in spares],
        [project.code_key(s.code) for s in spares],
        [s.pick_key for s in spares],
        [r.request_id for r in requests],
        [r.actor for r in requests],
    )
    return [_verdict(request, row) for request, row in zip(requests, rows, strict=True)]


def _verdict(request: PublicationRequest, row: asyncpg.Record) -> Verdict:
    outcome = row["outcome"]
    return Verdict(
        outcome,
        row["publication_id"],
        row["campaign_id"],
        row["vid"],
        row["cursor"],
        row["changes"] or 0,
        row["code_config"],
        _made(request, row) if outcome == PUBLISHED else None,
    )


def _made(request: PublicationRequest, row: asyncpg.Record) -> Publication:
    return Publication(
        id=request.id,
        result="SUCCESS",
        created_at=row["published_at"],
        campaign_id=row["campaign_id"],
        customer_id=row["customer_id"],
        customer=CustomerShort(
            id=row["customer_id"],
            source_id=row["tracking_id"],
            name=row["customer_name"],
            email=row["customer_email"],
            metadata=row["customer_metadata"],
        ),
        tracking_id=row["tracking_id"],
        source_id=request.source_id,
        channel=request.channel,
        metadata=request.metadata,
        voucher_ids=row["ids"],
        codes=row["codes"],
        voucher=_voucher(row),
    )


def _voucher(row: asyncpg.Record) -> Voucher | None:
    if row["v_id"] is None:
        return None
    return Voucher(**{field: row[column] for field, column in _VOUCHER_FIELDS})


async def find_publications(connection: Connection, project_id: int, ids: Sequence[str]) -> dict[str, Publication]:
    """Publications by id, as they were made; a single one with its voucher as it is now. Holds are not seen."""
    rows = await connection.fetch(_SQL["find"], project_id, ids)
    return {row["id"]: _found(row) for row in rows}


def _found(row: asyncpg.Record) -> Publication:
    customer = None
    if row["customer_id"] is not None:
        customer = CustomerShort(
            id=row["customer_id"],
            source_id=row["customer_source_id"],
            name=row["customer_name"],
            email=row["customer_email"],
            metadata=row["customer_metadata"] or {},
        )
    return Publication(
        id=row["id"],
        result=row["result"],
        created_at=row["created_at"],
        campaign_id=row["campaign_id"],
        customer_id=row["customer_id"],
        customer=customer,
        tracking_id=row["tracking_id"],
        source_id=row["source_id"],
        channel=row["channel"],
        metadata=row["metadata"],
        voucher_ids=row["voucher_ids"] or [],
        codes=row["codes"] or [],
        voucher=_voucher(row),
        failure_code=row["failure_code"],
        failure_message=row["failure_message"],
    )


# What a list can be narrowed by, and how.
_BY_LINK: Final = (
    "p.id = ANY (ARRAY(SELECT l.publication_id FROM publication_vouchers l WHERE l.project_id = $1 AND {match}))"
)
_ANY_LINK: Final = (
    "EXISTS (SELECT FROM publication_vouchers l WHERE l.project_id = $1 AND l.publication_id = p.id AND {match})"
)
# By the code as it was given, which outlives the voucher, and as it is now, in the project's letter case.
_CODE: Final = (
    "p.id = ANY (ARRAY(SELECT l.publication_id FROM publication_vouchers l WHERE l.project_id = $1 AND {match}"
    " UNION ALL SELECT l.publication_id FROM vouchers v JOIN publication_vouchers l ON l.project_id = $1"
    " AND l.voucher_id = v.id WHERE v.project_id = $1 AND {key_match}))"
)
# Each result has an index of its own.
_SOURCE_ID: Final = (
    "(p.result = 'SUCCESS' AND p.source_id IS NOT NULL AND {match}"
    " OR p.result = 'FAILURE' AND p.source_id IS NOT NULL AND {match})"
)
# One campaign: then its index has the order too.
_ONE_CAMPAIGN: Final = (
    "p.campaign_id = (SELECT n.id FROM campaigns n WHERE n.project_id = $1 AND n.deleted_at IS NULL AND {match})"
)
_CAMPAIGN_NAME: Final = (
    "p.campaign_id = ANY (ARRAY(SELECT n.id FROM campaigns n"
    " WHERE n.project_id = $1 AND n.deleted_at IS NULL AND {match}))"
)
_NAMED: Final = (
    "{column} = ANY (ARRAY(SELECT n.id FROM {table} n CROSS JOIN LATERAL (VALUES (n.id), (n.{name})) AS w (word)"
    " WHERE n.project_id = $1 AND n.deleted_at IS NULL AND {match}))"
)


def _named(column: str, table: str, name: str) -> FieldSql:
    """By the id or the name of what the column points to."""
    template = _NAMED.replace("{column}", column).replace("{table}", table).replace("{name}", name)
    return everywhere("w.word", template)


_FIELDS: Final = {
    "failure_code": everywhere("p.failure_code", "(p.result = 'FAILURE' AND {match})"),
    "result": FieldSql("p.result"),
    "customer_id": FieldSql("p.customer_id"),
    "campaign_name": FieldSql("n.name", equal=_CAMPAIGN_NAME, other=_CAMPAIGN_NAME, one=_ONE_CAMPAIGN),
    "voucher_type": FieldSql("p.voucher_type"),
    "is_referral_code": FieldSql("p.is_referral_code", Kind.BOOLEAN),
    "parent_object_id": FieldSql("p.campaign_id"),
    "related_object_id": FieldSql("l.voucher_id", equal=_BY_LINK, other=_ANY_LINK),
    "source_id": everywhere("p.source_id", _SOURCE_ID),
    "id": FieldSql("p.id"),
    "voucher_code": FieldSql("l.code", Kind.CODE, equal=_CODE, other=_ANY_LINK, key="v.code_key"),
    "tracking_id": FieldSql("p.tracking_id"),
    "channel": FieldSql("p.channel"),
    "created_at": FieldSql("p.created_at", Kind.DATE_TIME),
    METADATA: metadata("p.metadata"),
}
LIST: Final = ListSql(
    table="publications",
    page=_SQL["page"],
    count=_SQL["count"],
    count_up_to=_SQL["count_up_to"],
    filters={
        "campaign": "p.campaign_id = (SELECT n.id FROM campaigns n WHERE n.project_id = $1 AND n.deleted_at IS NULL"
        " AND (n.name = {} OR n.id = {}) ORDER BY (n.id = {}) DESC LIMIT 1)",
        "customer": "p.customer_id = ANY (ARRAY(SELECT id FROM customers WHERE project_id = $1 AND id = {}"
        " UNION ALL SELECT id FROM customers WHERE project_id = $1 AND source_id = {} AND deleted_at IS NULL))",
        "voucher": _CODE.replace("{match}", "l.code = {}").replace("{key_match}", "v.code_key = {key}"),
        "voucher_id": "p.id = ANY (ARRAY(SELECT publication_id FROM publication_vouchers"
        " WHERE project_id = $1 AND voucher_id = {}))",
        "result": "p.result = {}",
        "voucher_type": "p.voucher_type = {}",
        "is_referral_code": "p.is_referral_code = {}",
        "source_id": _SOURCE_ID.replace("{match}", "p.source_id = {}"),
        "parent_object_id": "p.campaign_id = {}",
        "created_before": "p.created_at < {}",
        "created_after": "p.created_at > {}",
    },
    orders=both_ways(
        {
            "id": "p.id",
            "created_at": "p.created_at",
            "voucher_code": "p.first_code",
            "tracking_id": "p.tracking_id",
            "customer_id": "p.customer_id",
            "channel": "p.channel",
        },
        "p.id",
        set_always=("id", "created_at", "channel"),
    ),
    fields=_FIELDS,
    nulls_last_page=_SQL["page_nulls_last"],
    nulls_last=frozenset({"-voucher_code", "-tracking_id", "-customer_id"}),
    gathered_page=_SQL["gathered_page"],
    in_order=frozenset(
        {"campaign", "parent_object_id", "campaign_name", "voucher_type", "failure_code", "result", "is_referral_code"}
    ),
    covered=frozenset({"customer", "customer_id", "tracking_id", "channel"}),
    counters=_SQL["count_by_counters"],
    counted=frozenset({"campaign", "parent_object_id", "campaign_name", "result"}),
)
EXPORT_LIST: Final = replace(
    LIST,
    fields={
        **LIST.fields,
        "campaign": _named("p.campaign_id", "campaigns", "name"),
        "customer": _named("p.customer_id", "customers", "source_id"),
        "voucher": LIST.fields["voucher_code"],
    },
)


async def list_publications(
    connection: Connection, project: Project, narrowing: Narrowing, **page: Any
) -> list[Publication]:
    """One page: what ListSql.rows takes.

    The ids come first, by an index alone where there is one; then the rows of this page only (late row lookup).
    """
    rows = await LIST.rows(connection, project, narrowing, **page)
    ids = [row["id"] for row in rows]
    found = await find_publications(connection, project.id, ids)
    return [found[id_] for id_ in ids if id_ in found]


async def count_publications(
    connection: Connection, project: Project, narrowing: Narrowing, *, up_to: int | None = None
) -> int:
    """Exactly how many match, whatever the page; more than `up_to` is as much as needs to be known, if it is given."""
    return await LIST.total(connection, project, narrowing, up_to=up_to)
