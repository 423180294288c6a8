"""Imports: /v1/campaigns/{campaign_id}/import, /v1/vouchers/import, and all importCSV"""

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import customer_rows, imports
from largesse.domain.errors import (
    DuplicateKey,
    InvalidPayload,
    InvalidQueryParams,
    InvalidVoucher,
    NotFound,
    UnsupportedMediaType,
)
from largesse.http.requests import FORM, path_parameter, read_form, read_query, read_rows, respond, unit_of_work
from largesse.http.routing import Route
from largesse.wire.bulk import check_rows
from largesse.wire.delimited import Delimiter, Encoding
from largesse.wire.lists import FLAG
from largesse.wire.tables import Table, boolean, read_table
from largesse.wire.vouchers import VoucherInput

FILE_ERRORS: Final = (InvalidPayload, UnsupportedMediaType, InvalidQueryParams)
_QUERY: Final = {"dry_run": FLAG}
_FILE_QUERY: Final = _QUERY | {
    "delimiter": {"type": "string", "enum": list(Delimiter)},
    "encoding": {"type": "string", "enum": list(Encoding)},
}
_WEBHOOKS: Final = "webhooks_enable"


async def import_to_campaign(request: Request) -> Response:
    """Import vouchers into a campaign, in the background; codes that it has already are updated"""
    return await _import(request, path_parameter(request, "campaign_id"))


async def import_vouchers(request: Request) -> Response:
    """Import vouchers without a campaign, in the background"""
    return await _import(request, None)


async def _import(request: Request, campaign_id: str | None) -> Response:
    dry_run = _is_dry(request)
    rows = check_rows(await read_rows(request, VoucherInput))
    async with unit_of_work(request) as scope:
        action_id = await imports.start_import(scope, rows, campaign_id, dry_run=dry_run)
    return respond({"async_action_id": action_id}, 202)


async def import_csv_to_campaign(request: Request) -> Response:
    """Import a CSV file of vouchers into a campaign, in the background"""
    dry_run = _is_dry(request)
    table = await _table(request, await read_form(request), required="code")
    async with unit_of_work(request) as scope:
        campaign_id = path_parameter(request, "campaign_id")
        action_id = await imports.start_csv_import(scope, table, campaign_id, dry_run=dry_run)
    return respond({"async_action_id": action_id}, 202)


async def import_vouchers_csv(request: Request) -> Response:
    """Import a CSV file of vouchers without a campaign, in the background; known codes are updated

    The part `webhooks_enable=true` asks for an event for each voucher.
    """
    dry_run = _is_dry(request)
    form = await read_form(request)
    with_events = boolean(form.get(_WEBHOOKS, b"").decode("utf-8", "replace").strip() or None, f"Property .{_WEBHOOKS}")
    table = await _table(request, form, required="code")
    async with unit_of_work(request) as scope:
        action_id = await imports.start_csv_import(scope, table, dry_run=dry_run, with_events=bool(with_events))
    return respond({"async_action_id": action_id}, 202)


async def import_customers_csv(request: Request) -> Response:
    """Import a CSV file of customers, in the background; known ones are updated"""
    dry_run = _is_dry(request)
    table = await _table(request, await read_form(request))
    async with unit_of_work(request) as scope:
        action_id = await customer_rows.start_csv_import(scope, table, dry_run=dry_run)
    return respond({"async_action_id": action_id}, 202)


def _is_dry(request: Request) -> bool:
    """`dry_run=true`, which is ours: the report alone, nothing written."""
    query = read_query(request)
    dry_run = query.boolean("dry_run")
    query.check()
    return bool(dry_run)


async def _table(request: Request, form: dict[str, bytes], required: str | None = None) -> Table:
    """`delimiter` and `encoding` of the query, which are ours, go before what the file looks like."""
    query = read_query(request)
    delimiter = query.choice("delimiter", list(Delimiter)) or None
    encoding = query.choice("encoding", list(Encoding)) or None
    query.check()
    # Ten megabytes take a while: others are served meanwhile.
    return await asyncio.to_thread(
        read_table,
        form["file"],
        required,
        delimiter=Delimiter(delimiter) if delimiter else None,
        encoding=Encoding(encoding) if encoding else None,
    )


_FILE: Final = {"file": {"type": "string", "contentMediaType": "text/csv"}}

ROUTES = [
    Route(
        "/v1/campaigns/{campaign_id}/import",
        import_to_campaign,
        methods=["POST"],
        statuses=[202],
        query=_QUERY,
        body=list[VoucherInput],
        errors=[NotFound, InvalidVoucher, DuplicateKey, InvalidQueryParams],
    ),
    Route(
        "/v1/vouchers/import",
        import_vouchers,
        methods=["POST"],
        statuses=[202],
        query=_QUERY,
        body=list[VoucherInput],
        errors=[InvalidVoucher, DuplicateKey, InvalidQueryParams],
    ),
    Route(
        "/v1/campaigns/{campaign_id}/importCSV",
        import_csv_to_campaign,
        methods=["POST"],
        statuses=[202],
        form=_FILE,
        media=FORM,
        query=_FILE_QUERY,
        errors=[NotFound, *FILE_ERRORS],
    ),
    Route(
        "/v1/vouchers/importCSV",
        import_vouchers_csv,
        methods=["POST"],
        statuses=[202],
        form=_FILE | {"webhooks_enable": {"type": "boolean", "default": False}},
        media=FORM,
        query=_FILE_QUERY,
        errors=FILE_ERRORS,
    ),
    Route(
        "/v1/customers/importCSV",
        import_customers_csv,
        methods=["POST"],
        statuses=[202],
        form=_FILE,
        media=FORM,
        query=_FILE_QUERY,
        errors=FILE_ERRORS,
    ),
]
