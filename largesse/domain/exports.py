"""Exports: what can be exported, with which fields, in which order (docs/semantics/export.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from largesse.domain import customers, publications, vouchers
from largesse.domain.errors import InvalidExportFields
from largesse.domain.filters import DATE_TIME, TEXT, Fields

PUBLICATION: Final = "publication"
VOUCHER: Final = "voucher"
CUSTOMER: Final = "customer"
TRANSACTION: Final = "voucher_transactions"
NOT_BUILT: Final = ("redemption", "order", "points_expiration")
"""Objects of the contract that don't exist here yet."""

SCHEDULED: Final = "SCHEDULED"
IN_PROGRESS: Final = "IN_PROGRESS"
DONE: Final = "DONE"
ERROR: Final = "ERROR"

HOLD: Final = "hold"
FILE: Final = "file"
PUBLISH: Final = "publish"
RELEASE: Final = "release"

CSV: Final = "CSV"
JSONL: Final = "JSONL"
PARQUET: Final = "PARQUET"
API: Final = "API"
WEBSITE: Final = "WEBSITE"
"""Who asked for an export: a program, or somebody in the dashboard."""
CHANNEL: Final = "CSV"
"""Of the publications that an export of vouchers makes."""
METADATA: Final = "metadata"
QR: Final = "q"
BARCODE: Final = "b"
"""Which picture's address belongs where a mark stands."""
_ABBREVIATIONS: Final = frozenset({"id", "qr"})


class Exported(msgspec.Struct, frozen=True):
    """A kind of thing that can be exported. `fields`: all of them, with what a typed file holds for each."""

    defaults: tuple[str, ...]
    fields: Mapping[str, str]
    orders: tuple[str, ...]
    filters: Fields


_TEXT, _NUMBER, _INTEGER, _BOOLEAN = "text", "number", "integer", "boolean"

_VOUCHER_FIELDS: Final = dict.fromkeys(
    [
        "code", "voucher_type", "value", "discount_type", "formula", "campaign", "campaign_id", "category",
        "start_date", "expiration_date", "gift_balance", "loyalty_balance", "redemption_quantity", "redemption_count",
        "active", "qr_code", "bar_code", "metadata", "id", "is_referral_code", "created_at", "updated_at",
        "validity_timeframe_interval", "validity_timeframe_duration", "validity_day_of_week", "discount_amount_limit",
        "additional_info", "customer_id", "customer_source_id", "discount_effect", "discount_unit_type",
        "discount_unit_effect", "validation_rules_id",
    ],
    _TEXT,
) | {
    "value": _NUMBER, "gift_balance": _NUMBER, "loyalty_balance": _INTEGER, "redemption_quantity": _INTEGER,
    "redemption_count": _INTEGER, "active": _BOOLEAN, "is_referral_code": _BOOLEAN, "discount_amount_limit": _NUMBER,
}  # fmt: skip
_CUSTOMER_COUNTS: Final = [
    *(f"redemptions_total_{name}"
      for name in ("redeemed", "failed", "succeeded", "rolled_back", "rollback_failed", "rollback_succeeded")),
    "orders_total_count", "loyalty_points", "loyalty_referred_customers",
]  # fmt: skip
_CUSTOMER_AMOUNTS: Final = ["orders_total_amount", "orders_average_amount", "orders_last_order_amount"]
_CUSTOMER_FIELDS: Final = (
    dict.fromkeys(
        [
            "name", "source_id", "id", "description", "email", "created_at", "updated_at",
            *(f"address_{part}" for part in customers.ADDRESS), "orders_last_order_date", "phone", "birthday",
            "birthdate", "metadata",
        ],
        _TEXT,
    )
    | dict.fromkeys(_CUSTOMER_COUNTS, _INTEGER)
    | dict.fromkeys(_CUSTOMER_AMOUNTS, _NUMBER)
)  # fmt: skip

OBJECTS: Final[Mapping[str, Exported]] = {
    VOUCHER: Exported(
        ("code", "voucher_type", "value", "discount_type"),
        _VOUCHER_FIELDS,
        ("created_at", "updated_at", "code"),
        vouchers.FILTERS,
    ),
    CUSTOMER: Exported(
        ("name", "source_id"),
        _CUSTOMER_FIELDS,
        ("name", "id", "email", "source_id", "created_at", "updated_at"),
        customers.FILTERS,
    ),
    PUBLICATION: Exported(
        ("voucher_code", "customer_id", "date", "channel"),
        dict.fromkeys(
            ["voucher_code", "code", "customer_id", "customer_source_id", "date", "channel", "campaign", "is_winner",
             "metadata"],
            _TEXT,
        ) | {"is_winner": _BOOLEAN},
        ("id", "voucher_code", "tracking_id", "customer_id", "created_at", "channel"),
        publications.EXPORT_FILTERS,
    ),
    TRANSACTION: Exported(
        ("id", "type", "source_id", "reason", "source", "balance", "amount", "created_at"),
        dict.fromkeys(
            ["id", "type", "source_id", "reason", "source", "balance", "amount", "created_at", "campaign_id",
             "voucher_id", "related_transaction_id", "details"],
            _TEXT,
        ) | {"balance": _NUMBER, "amount": _NUMBER},
        ("created_at",),
        {"created_at": DATE_TIME, "voucher_id": TEXT, "campaign_id": TEXT},
    ),
}  # fmt: skip


class MetadataColumns(msgspec.Struct, frozen=True):
    """What stands in a file in place of the field `metadata`: a column for each key, and one for all others."""

    keys: list[str]
    with_rest: bool


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `exports`. `available`: its file can be downloaded now. `phase`: what its job does next."""

    id: str
    exported_object: str
    status: str
    channel: str
    user_id: str | None = None
    parameters: dict[str, Any]
    narrowed: dict[str, Any] = {}
    publishes: bool = False
    phase: str | None = None
    held_after: str = ""
    attempt: int = 0
    pieces: int = 0
    bytes: int = 0
    rows: int = 0
    available: bool = False
    deleted: bool = False
    created_at: datetime

    @property
    def format(self) -> str:
        return str(self.parameters.get("format", CSV))

    @property
    def finished(self) -> bool:
        return self.status in (DONE, ERROR)


_SCOPES: Final = {
    VOUCHER: frozenset({"vouchers"}),
    CUSTOMER: frozenset({"customers"}),
    PUBLICATION: frozenset({"publications"}),
    TRANSACTION: frozenset({"vouchers"}),
}
_OF_CUSTOMERS: Final = frozenset({"customer_id", "customer_source_id"})


def scopes_of(export: Export) -> frozenset[str]:
    """What a key with scopes needs to see what is in the file, besides `exports`."""
    of_customers = export.exported_object == VOUCHER and not _OF_CUSTOMERS.isdisjoint(export.parameters["fields"])
    return _SCOPES[export.exported_object] | ({"customers"} if of_customers else set())


def check_fields(exported: Exported, fields: list[str]) -> list[str]:
    """Each once, in the order sent. Raises InvalidExportFields."""
    if any(field not in exported.fields for field in fields):
        raise InvalidExportFields(f"Unsupported field used. Allowed fields: {', '.join(exported.fields)}")
    return list(dict.fromkeys(fields))


def heading(field: str) -> str:
    """`campaign_id` as a file's first line shows it: Campaign ID."""
    return " ".join(word.upper() if word in _ABBREVIATIONS else word.capitalize() for word in field.split("_"))
