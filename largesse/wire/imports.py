"""Rows of imports: vouchers and customers out of JSON and CSV (docs/semantics/import.md).

In CSV metadata has the types that the project's schemas ask for, else it is text; amounts of money stand in major units
(`10` is 1000 hundredths), in JSON in hundredths.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from largesse.domain.customers import ADDRESS
from largesse.domain.errors import InvalidPayload, InvalidVoucher
from largesse.domain.metadata_schemas import CUSTOMER, VOUCHER, Schemas, typed
from largesse.domain.vouchers import GIFT_VOUCHER, LOYALTY_CARD
from largesse.wire import tables
from largesse.wire.customers import CustomerInput
from largesse.wire.parse import convert
from largesse.wire.vouchers import VoucherInput

_VOUCHER_COLUMNS: Final = frozenset(
    {
        "code",
        "voucher type",
        "value",
        "discount type",
        "category",
        "start date",
        "expiration date",
        "redemption limit",
        "redeemed quantity",
        "redeemed amount",
        "active",
        "additional info",
    }
)
_CAMPAIGN_COLUMNS: Final = frozenset(
    {"code", "category", "active", "loyalty points", "gift amount", "redeemed amount", "redeemed quantity"}
)
_VALUES: Final = {"AMOUNT": "amount_off", "PERCENT": "percent_off", "FIXED": "fixed_amount", "UNIT": "unit_off"}
_ADDRESS: Final = {
    "address line 1": "line_1",
    "address line 2": "line_2",
    **{f"{prefix}{name.replace('_', ' ')}": name for name in ("city", "state", "country", "postal_code")
       for prefix in ("", "address ")},
}  # fmt: skip
_PROFILE: Final = ("id", "source_id", "name", "email", "phone", "birthdate", "description")
_IDENTIFYING: Final = ("source id", "id", "email", "phone", "name")
_SHOWN_MAX: Final = 200
_CUSTOMER_COLUMNS: Final = frozenset(_ADDRESS) | {name.replace("_", " ") for name in _PROFILE}


VOUCHER_COLUMNS: Final = tuple(sorted(_VOUCHER_COLUMNS))
CAMPAIGN_COLUMNS: Final = tuple(sorted(_CAMPAIGN_COLUMNS))
CUSTOMER_COLUMNS: Final = tuple(sorted({*_PROFILE, *(f"address_{name}" for name in ADDRESS)}))
"""What a column can be, for those who choose; any other is metadata."""


class VoucherRow(NamedTuple):
    """A voucher to be imported, and what of it is used up already: redemptions, and hundredths or points."""

    sent: VoucherInput
    redeemed_quantity: int = 0
    redeemed: int = 0


def voucher_of_json(row: Any) -> VoucherRow:
    """Raises InvalidPayload."""
    return VoucherRow(convert(row, VoucherInput))


def voucher_of_csv(columns: Sequence[str], cells: Sequence[str], schemas: Schemas) -> VoucherRow:
    """A voucher without a campaign. Raises InvalidPayload, InvalidVoucher."""
    said, metadata = tables.cells_by_column(columns, _VOUCHER_COLUMNS, cells)
    kind = said.get("voucher type", "").upper().replace(" ", "_") or None
    row = _common(said, typed(schemas, VOUCHER, metadata)) | {
        "type": kind,
        "start_date": said.get("start date"),
        "expiration_date": said.get("expiration date"),
        "additional_info": said.get("additional info"),
        "redemption": {"quantity": tables.whole(said.get("redemption limit"), "Redemption Limit")},
    }
    if kind == GIFT_VOUCHER:
        row["gift"] = {"amount": tables.hundredths(said.get("value"), "Value") or 0}
    elif "discount type" in said:
        row["discount"] = _discount(said["discount type"].upper(), said.get("value"))
    return VoucherRow(
        convert(row, VoucherInput), _used(said), tables.hundredths(said.get("redeemed amount"), "Redeemed Amount") or 0
    )


def _discount(kind: str, value: str | None) -> dict[str, Any]:
    if kind not in _VALUES:
        raise InvalidVoucher(f"Discount Type must be one of {', '.join(_VALUES)}")
    money = kind in {"AMOUNT", "FIXED"}
    return {"type": kind, _VALUES[kind]: tables.hundredths(value, "Value") if money else tables.number(value, "Value")}


def campaign_voucher_of_csv(columns: Sequence[str], cells: Sequence[str], kind: str, schemas: Schemas) -> VoucherRow:
    """A voucher of a campaign whose vouchers are of type `kind`. Raises InvalidPayload."""
    said, metadata = tables.cells_by_column(columns, _CAMPAIGN_COLUMNS, cells)
    row = _common(said, typed(schemas, VOUCHER, metadata))
    if kind == GIFT_VOUCHER and "gift amount" in said:
        row["gift"] = {"amount": tables.hundredths(said["gift amount"], "Gift Amount")}
    if kind == LOYALTY_CARD and "loyalty points" in said:
        row["loyalty_card"] = {"points": tables.whole(said["loyalty points"], "Loyalty Points")}
    amount = said.get("redeemed amount")
    points = kind == LOYALTY_CARD
    redeemed = tables.whole(amount, "Redeemed Amount") if points else tables.hundredths(amount, "Redeemed Amount")
    return VoucherRow(convert(row, VoucherInput), _used(said), redeemed or 0)


def _common(said: dict[str, str], metadata: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": said.get("code"),
        "category": said.get("category"),
        "active": tables.boolean(said.get("active"), "Active"),
        "metadata": metadata or None,
    }


def _used(said: dict[str, str]) -> int:
    used = tables.whole(said.get("redeemed quantity"), "Redeemed Quantity") or 0
    return min(used, 2**31 - 1)


def customer_of_csv(columns: Sequence[str], cells: Sequence[str], schemas: Schemas) -> CustomerInput:
    """Columns that the file doesn't have, and empty cells, leave a customer as it is. Raises InvalidPayload, also for a
    row that names nobody: it would be a new customer each time.
    """
    said, metadata = tables.cells_by_column(columns, _CUSTOMER_COLUMNS, cells)
    names = _ids(columns) or _IDENTIFYING
    if not any(name in said for name in names):
        raise InvalidPayload(f"The row names nobody: {_listed(names)} must not be empty")
    row: dict[str, Any] = {name: said[key] for name in _PROFILE if (key := name.replace("_", " ")) in said}
    address = {field: said[name] for name, field in _ADDRESS.items() if name in said}
    if address:
        row["address"] = address
    if metadata:
        row["metadata"] = typed(schemas, CUSTOMER, metadata)
    return convert(row, CustomerInput)


def check_identified(columns: Sequence[str]) -> None:
    """Raises InvalidPayload for a file in which nobody could be identified."""
    if not any(tables.canonical(column) in _IDENTIFYING for column in columns):
        known = ", ".join(columns)[:_SHOWN_MAX]
        raise InvalidPayload(
            f"The file must have a column that says who each customer is: {_listed(_IDENTIFYING)}."
            f" Its columns are: {known}"
        )


def _ids(columns: Sequence[str]) -> list[str]:
    """The columns with the ids that a customer has; a file that has any names everybody by them."""
    names = {tables.canonical(column) for column in columns}
    return [name for name in ("source id", "id") if name in names]


def _listed(names: Sequence[str]) -> str:
    return " or ".join(name.replace(" ", "_").capitalize() for name in names)


def report_import(
    done: int, failed: list[dict[str, Any]], failure: str | None, noun: str = "voucher"
) -> dict[str, Any]:
    """The result of an import. `failed`: {code or source_id, row, reason} each."""
    message = f"{done} {noun}(s) imported successfully, {len(failed)} failed."
    return {
        "message": message if failure is None else f"{message} {failure}",
        "failed": failed,
        "done_count": done,
        "failed_count": len(failed),
    }


def report_customers(done: int, failed: list[dict[str, Any]], failure: str | None) -> dict[str, Any]:
    return report_import(done, failed, failure, noun="customer")
