"""What a file of an export holds for each field: closed fragments of SQL (docs/semantics/export.md).

Amounts of money in major units with two decimals, points as integers, moments in UTC.
"""

from collections.abc import Mapping
from typing import Final

from largesse.domain.customers import ADDRESS
from largesse.domain.exports import BARCODE, CUSTOMER, METADATA, OBJECTS, PUBLICATION, QR, TRANSACTION, VOUCHER
from largesse.store.customers import LIST as CUSTOMERS


def _moment(column: str) -> str:
    return f"""to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


def _recent(column: str) -> str:
    """The same for what our own clock wrote, whose year has four digits. Text leaves out zeros at the end of a second's
    fraction, so something of the sixth digit is added, and cut off.
    """
    return f"substr(to_json({column} + interval '1 microsecond')::text, 2, 23) || 'Z'"


def _major(hundredths: str) -> str:
    return f"(({hundredths})::numeric / 100)::numeric(20, 2)"


_BALANCE: Final = "v.amount - v.subtracted - v.expired - v.redeemed"
_AMOUNT_OFF: Final = _major("v.discount->>'amount_off'")
_FIXED: Final = _major("v.discount->>'fixed_amount'")
_VALUE: Final = (
    f"CASE v.type WHEN 'GIFT_VOUCHER' THEN {_major('v.amount')} WHEN 'LOYALTY_CARD' THEN v.amount::numeric"
    f" ELSE CASE v.discount->>'type' WHEN 'AMOUNT' THEN {_AMOUNT_OFF} WHEN 'FIXED' THEN {_FIXED}"
    " WHEN 'PERCENT' THEN trim_scale((v.discount->>'percent_off')::numeric)"
    " WHEN 'UNIT' THEN trim_scale((v.discount->>'unit_off')::numeric) END END"
)
_FORMULA: Final = (
    "coalesce(v.discount->>'amount_off_formula', v.discount->>'percent_off_formula',"
    " v.discount->>'unit_off_formula', v.discount->>'fixed_amount_formula')"
)
# Its own, then its campaign's: no id is that of a voucher and of a campaign.
_RULES: Final = (
    "(SELECT string_agg(a.rule_id, ',' ORDER BY a.related_object_type DESC, a.created_at, a.id)"
    " FROM validation_rules_assignments a WHERE a.project_id = $1 AND a.related_object_id IN (v.id, v.campaign_id))"
)
_VOUCHER: Final = {
    "code": "v.code",
    "voucher_type": "v.type",
    "value": _VALUE,
    "discount_type": "v.discount->>'type'",
    "formula": _FORMULA,
    "campaign": "n.name",
    "campaign_id": "v.campaign_id",
    "category": "k.name",
    "start_date": _moment("v.start_date"),
    "expiration_date": _moment("v.expiration_date"),
    "gift_balance": f"CASE v.type WHEN 'GIFT_VOUCHER' THEN {_major(_BALANCE)} END",
    "loyalty_balance": f"CASE v.type WHEN 'LOYALTY_CARD' THEN {_BALANCE} END",
    "redemption_quantity": "v.redemption_quantity",
    "redemption_count": "v.redeemed_quantity",
    "active": "v.active",
    # The address of a picture needs the installation's key, which the database doesn't have: a mark holds its place.
    "qr_code": f"{{mark}} || '{QR}' || v.id",
    "bar_code": f"{{mark}} || '{BARCODE}' || v.id",
    METADATA: "v.metadata",
    "id": "v.id",
    "is_referral_code": "v.is_referral_code",
    "created_at": _recent("v.created_at"),
    "updated_at": _recent("v.updated_at"),
    "validity_timeframe_interval": "v.validity_timeframe->>'interval'",
    "validity_timeframe_duration": "v.validity_timeframe->>'duration'",
    "validity_day_of_week": "array_to_string(v.validity_day_of_week, ',')",
    "discount_amount_limit": _major("v.discount->>'amount_limit'"),
    "additional_info": "v.additional_info",
    "customer_id": "v.holder_id",
    "customer_source_id": "c.source_id",
    "discount_effect": "v.discount->>'effect'",
    "discount_unit_type": "v.discount->>'unit_type'",
    "discount_unit_effect": "CASE v.discount->>'type' WHEN 'UNIT' THEN v.discount->>'effect' END",
    "validation_rules_id": _RULES,
}
_CODE: Final = "coalesce(m.code, p.first_code)"
_PUBLICATION: Final = {
    "voucher_code": _CODE,
    "code": _CODE,
    "customer_id": "p.customer_id",
    "customer_source_id": "p.tracking_id",
    "date": _recent("p.created_at"),
    "channel": "p.channel",
    "campaign": "n.name",
    "is_winner": "NULL::boolean",
    METADATA: "p.metadata",
}
# Redemptions, orders and referrals aren't built yet: nobody has any. Points are those that are left.
_NOTHING: Final = {"integer": "0", "number": "0::numeric(20, 2)", "text": "NULL::text"}
_CUSTOMER: Final = {name: _NOTHING[kind] for name, kind in OBJECTS[CUSTOMER].fields.items()} | {
    **{name: f"c.{name}" for name in ("name", "source_id", "id", "description", "email", "phone", METADATA)},
    **{name: f"to_char(c.{name}, 'YYYY-MM-DD')" for name in ("birthday", "birthdate")},
    **{name: _recent(f"c.{name}") for name in ("created_at", "updated_at")},
    **{f"address_{part}": f"c.address->>'{part}'" for part in ADDRESS},
    "loyalty_points": CUSTOMERS.fields["summary.redemptions.loyalty_card.points_to_go"].value,
}
_CREDITS: Final = "CASE WHEN starts_with(t.type, 'CREDITS_') THEN {} ELSE t.{}::numeric END"
_TRANSACTION: Final = {
    **{name: f"t.{name}" for name in OBJECTS[TRANSACTION].fields},
    "balance": _CREDITS.format(_major("t.balance"), "balance"),
    "amount": _CREDITS.format(_major("t.amount"), "amount"),
    "created_at": _recent("t.created_at"),
    "details": "jsonb_build_object('balance', jsonb_build_object('amount', t.amount, 'total', t.total,"
    " 'balance', t.balance)) || t.details",
}
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    VOUCHER: _VOUCHER,
    PUBLICATION: _PUBLICATION,
    CUSTOMER: _CUSTOMER,
    TRANSACTION: _TRANSACTION,
}
