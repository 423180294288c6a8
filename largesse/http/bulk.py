"""Requests of many rows: /v1/customers/… and /v1/vouchers/… bulk/async and metadata/async"""

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import customer_rows, voucher_rows
from largesse.http.requests import nulls_of, read_body, read_rows, respond, unit_of_work
from largesse.http.routing import Route
from largesse.wire.bulk import CustomersMetadataInput, VoucherMetadataRow, VouchersMetadataInput, check_rows
from largesse.wire.customers import CustomerInput


async def update_customers(request: Request) -> Response:
    """Create or update customers in the background, each with what is said about it"""
    rows = check_rows(await read_rows(request, CustomerInput))
    async with unit_of_work(request) as scope:
        action_id = await customer_rows.start_bulk_update(scope, rows, nulls_of(request))
    return respond({"async_action_id": action_id}, 202)


async def update_customers_metadata(request: Request) -> Response:
    """Set the same metadata on several customers in the background; unknown ones are created"""
    sent = await read_body(request, CustomersMetadataInput)
    async with unit_of_work(request) as scope:
        action_id = await customer_rows.start_metadata_update(scope, check_rows(sent.source_ids), sent.metadata)
    return respond({"async_action_id": action_id}, 202)


async def update_vouchers(request: Request) -> Response:
    """Write metadata onto vouchers in the background, to each its own"""
    rows = check_rows(await read_rows(request, VoucherMetadataRow))
    async with unit_of_work(request) as scope:
        action_id = await voucher_rows.start_bulk_update(scope, rows)
    return respond({"async_action_id": action_id}, 202)


async def update_vouchers_metadata(request: Request) -> Response:
    """Write the same metadata onto several vouchers in the background"""
    sent = await read_body(request, VouchersMetadataInput)
    async with unit_of_work(request) as scope:
        action_id = await voucher_rows.start_metadata_update(scope, check_rows(sent.codes), sent.metadata)
    return respond({"async_action_id": action_id}, 202)


ROUTES = [
    Route("/v1/vouchers/bulk/async", update_vouchers, methods=["POST"], statuses=[202], body=list[VoucherMetadataRow]),
    Route(
        "/v1/vouchers/metadata/async",
        update_vouchers_metadata,
        methods=["POST"],
        statuses=[202],
        body=VouchersMetadataInput,
    ),
    Route("/v1/customers/bulk/async", update_customers, methods=["POST"], statuses=[202], body=list[CustomerInput]),
    Route(
        "/v1/customers/metadata/async",
        update_customers_metadata,
        methods=["POST"],
        statuses=[202],
        body=CustomersMetadataInput,
    ),
]
