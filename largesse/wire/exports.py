"""Exports as JSON."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

import msgspec

from largesse.domain.errors import InvalidPayload, NotBuilt
from largesse.domain.exports import CSV, JSONL, NOT_BUILT, OBJECTS, PARQUET, Export, Exported, check_fields
from largesse.domain.filters import Filter
from largesse.wire.assets import AssetTokens
from largesse.wire.customers import Text
from largesse.wire.dates import render
from largesse.wire.filters import parse_filter
from largesse.wire.metadata import Metadata
from largesse.wire.names import Ref

ORDER_DEFAULT: Final = "-created_at"
ORDERS: Final = ("created_at", "status")
MEDIA_TYPES: Final = {
    CSV: "text/plain; charset=utf-8",
    JSONL: "application/jsonl",
    PARQUET: "application/vnd.apache.parquet",
}
"""CSV is plain text in the contract, and its clients take nothing else."""
FIELDS_MAX: Final = 200
FILTERS: Final = "parameters.filters"


class TransactionParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What an export of transactions, of one card or campaign, can say. Null is as good as absent.

    The filters' size has the limit of metadata: every answer shows them.
    """

    order: Text | None = None
    fields: Annotated[list[Text], msgspec.Meta(max_length=FIELDS_MAX)] | None = None
    filters: Metadata | None = None
    format: Literal["CSV", "JSONL", "PARQUET"] | None = None


class ExportParameters(TransactionParameters, frozen=True, kw_only=True):
    """`campaign_id` and `publish` are for vouchers; `format` and `publish` are ours, beside the contract."""

    campaign_id: Ref | None = None
    publish: bool | None = None


class TransactionExportInput(msgspec.Struct, frozen=True, kw_only=True):
    parameters: TransactionParameters | None = None


class ExportInput(msgspec.Struct, frozen=True, kw_only=True):
    exported_object: Literal[
        "voucher", "redemption", "customer", "publication", "order", "points_expiration", "voucher_transactions"
    ]
    parameters: ExportParameters | None = None


def check_built(exported_object: str) -> None:
    """Raises NotBuilt: an empty file would say that there are none."""
    if exported_object in NOT_BUILT:
        raise NotBuilt(f"Exports of {exported_object} are not supported yet: use one of {', '.join(OBJECTS)}")


def read_parameters(exported: Exported, sent: TransactionParameters) -> dict[str, Any]:
    """Order, fields and filters as they are kept and shown, defaults filled in.

    Raises InvalidPayload with every fault, InvalidExportFields.
    """
    order = sent.order or ORDER_DEFAULT
    if order == ORDER_DEFAULT and "created_at" not in exported.orders:
        order = "-" + exported.orders[0]
    allowed = [sign + name for name in exported.orders for sign in ("", "-")]
    faults = []
    if order not in allowed:
        faults.append(f"Property .parameters.order must be equal to one of the allowed values [{', '.join(allowed)}]")
    filters: dict[str, Any] = sent.filters or {}
    try:
        parse_filter(filters, exported.filters, name=FILTERS)
    except InvalidPayload as error:
        faults.append(str(error))
    if faults:
        raise InvalidPayload("; ".join(faults))
    fields = check_fields(exported, sent.fields or list(exported.defaults))
    kept: dict[str, Any] = {"order": order, "fields": fields, "filters": filters}
    if sent.format is not None:
        kept["format"] = sent.format
    return kept


def filter_of(exported: Exported, parameters: dict[str, Any]) -> Filter | None:
    """The filter of parameters that were checked before."""
    return parse_filter(parameters["filters"], exported.filters, name=FILTERS)


def render_export(export: Export, tokens: AssetTokens, public_url: str, project_id: int) -> dict[str, Any]:
    """`result` is there as long as the file is."""
    url = None
    if export.available:
        token = quote(tokens.token("export", project_id, export.id), safe="")
        url = f"{public_url.rstrip('/')}/v1/exports/{export.id}?token={token}"
    return {
        "id": export.id,
        "object": "export",
        "created_at": render(export.created_at),
        "status": export.status,
        "channel": export.channel,
        "exported_object": export.exported_object,
        "parameters": _shown(export),
        "result": None if url is None else {"url": url},
        "user_id": export.user_id,
    }


def _shown(export: Export) -> dict[str, Any]:
    """The one card or campaign of an export of transactions stands among its filters, as the contract has it."""
    narrowed = {name: {"conditions": {"$in": [value]}} for name, value in export.narrowed.items()}
    if "campaign_id" in export.parameters or not narrowed:
        return export.parameters
    return {**export.parameters, "filters": {**export.parameters["filters"], **narrowed}}
