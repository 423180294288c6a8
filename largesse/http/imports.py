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
from largesse.http.requests import FORM, path_parameter, read_file, read_query, read_rows, respond, unit_of_work
from largesse.http.routing import Route
from largesse.wire.bulk import check_rows
from largesse.wire.lists import FLAG
from largesse.wire.tables import Table, read_table
from largesse.wire.vouchers import VoucherInput

FILE_ERRORS: Final = (InvalidPayload, UnsupportedMediaType, InvalidQueryParams)
_QUERY: Final = {"dry_run": FLAG}


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
    return await _import_csv(request, path_parameter(request, "campaign_id"))


async def import_vouchers_csv(request: Request) -> Response:
    """Import a CSV file of vouchers without a campaign, in the background; known codes are updated"""
    return await _import_csv(request, None)


async def _import_csv(request: Request, campaign_id: str | None) -> Response:
    dry_run = _is_dry(request)
    table = await _table(request, required="code")
    async with unit_of_work(request) as scope:
        action_id = await imports.start_csv_import(scope, table, campaign_id, dry_run=dry_run)
    return respond({"async_action_id": action_id}, 202)


async def import_customers_csv(request: Request) -> Response:
    """Import a CSV file of customers, in the background; known ones are updated"""
    dry_run = _is_dry(request)
    table = await _table(request)
    async with unit_of_work(request) as scope:
        action_id = await customer_rows.start_csv_import(scope, table, dry_run=dry_run)
    return respond({"async_action_id": action_id}, 202)


def _is_dry(request: Request) -> bool:
    """`dry_run=true`, which is ours: the report alone, nothing written."""
    query = read_query(request)
    dry_run = query.boolean("dry_run")
    query.check()
    return bool(dry_run)


async def _table(request: Request, required: str | None = None) -> Table:
    file = await read_file(request)
    # Ten megabytes take a while: others are served meanwhile.
    return await asyncio.to_thread(read_table, file, required)


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
        query=_QUERY,
        errors=[NotFound, *FILE_ERRORS],
    ),
    Route(
        "/v1/vouchers/importCSV",
        import_vouchers_csv,
        methods=["POST"],
        statuses=[202],
        form=_FILE,
        media=FORM,
        query=_QUERY,
        errors=FILE_ERRORS,
        missing="`webhooks_enable`: no event is sent for each voucher",
    ),
    Route(
        "/v1/customers/importCSV",
        import_customers_csv,
        methods=["POST"],
        statuses=[202],
        form=_FILE,
        media=FORM,
        query=_QUERY,
        errors=FILE_ERRORS,
    ),
]
