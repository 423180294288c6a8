"""Rows of files as vouchers and customers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidPayload, InvalidVoucher
from largesse.domain.vouchers import DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD
from largesse.wire.discounts import AmountDiscount, FixedDiscount, PercentDiscount, UnitDiscount
from largesse.wire.imports import (
    VoucherRow,
    campaign_voucher_of_csv,
    check_identified,
    customer_of_csv,
    report_customers,
    report_import,
    voucher_of_csv,
    voucher_of_json,
)


def voucher(**cells: str) -> VoucherRow:
    columns = [name.replace("_", " ").title() for name in cells]
    return voucher_of_csv(columns, list(cells.values()), {})


def pooled(kind: str, **cells: str) -> VoucherRow:
    columns = [name.replace("_", " ").title() for name in cells]
    return campaign_voucher_of_csv(columns, list(cells.values()), kind, {})


@pytest.mark.parametrize(
    ("kind", "value", "discount"),
    [
        ("AMOUNT", "10", AmountDiscount(amount_off=1_000)),
        ("amount", "10.5", AmountDiscount(amount_off=1_050)),
        ("FIXED", "0.01", FixedDiscount(fixed_amount=1)),
        ("PERCENT", "10.5", PercentDiscount(percent_off=10.5)),
        ("UNIT", "2", UnitDiscount(unit_off=2)),
    ],
)
def test_a_value_is_money_or_a_number_as_the_discount_has_it(kind: str, value: str, discount: Any) -> None:
    assert voucher(code="A", discount_type=kind, value=value).sent.discount == discount


def test_an_unknown_discount_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(InvalidVoucher, match="AMOUNT, PERCENT, FIXED, UNIT"):
        voucher(code="A", discount_type="HALF", value="1")


@pytest.mark.parametrize(
    ("cells", "hundredths"), [({"value": "12.34"}, 1_234), ({"value": ""}, 0), ({}, 0), ({"value": "0"}, 0)]
)
def test_the_value_of_a_gift_is_money(cells: dict[str, str], hundredths: int) -> None:
    row = voucher(code="A", voucher_type="Gift voucher", **cells)
    assert row.sent.type == GIFT_VOUCHER
    assert row.sent.gift is not None
    assert row.sent.gift.amount == hundredths
    assert row.sent.discount is None


@given(st.integers(0, 10**12))
def test_money_is_read_to_the_hundredth(hundredths: int) -> None:
    text = f"{hundredths // 100}.{hundredths % 100:02}"
    assert voucher(code="A", redeemed_amount=text).redeemed == hundredths
    assert pooled(GIFT_VOUCHER, code="A", redeemed_amount=text).redeemed == hundredths


def test_points_are_whole_and_no_hundredths() -> None:
    row = pooled(LOYALTY_CARD, code="A", loyalty_points="50", redeemed_amount="20", redeemed_quantity="3")
    assert row.sent.loyalty_card is not None
    assert (row.sent.loyalty_card.points, row.redeemed, row.redeemed_quantity) == (50, 20, 3)
    with pytest.raises(InvalidPayload, match="Loyalty Points"):
        pooled(LOYALTY_CARD, code="A", loyalty_points="1.5")


@pytest.mark.parametrize("kind", [DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD])
def test_a_column_of_another_kind_of_campaign_says_nothing(kind: str) -> None:
    sent = pooled(kind, code="A", gift_amount="1", loyalty_points="2").sent
    assert (sent.gift is not None, sent.loyalty_card is not None) == (kind == GIFT_VOUCHER, kind == LOYALTY_CARD)


def test_a_column_that_nobody_knows_is_metadata() -> None:
    assert voucher(code="A", shoe_size="42").sent.metadata == {"Shoe Size": "42"}
    assert voucher(code="A", shoe_size="").sent.metadata is None
    assert voucher(code="A").sent.metadata is None


def test_more_uses_than_a_row_can_count_are_the_most_it_can() -> None:
    assert voucher(code="A", redeemed_quantity=str(2**31 - 1)).redeemed_quantity == 2**31 - 1
    assert voucher(code="A", redeemed_quantity=str(2**31)).redeemed_quantity == 2**31 - 1


def test_a_row_of_json_has_used_nothing() -> None:
    row = voucher_of_json({"code": "A", "type": "GIFT_VOUCHER", "gift": {"amount": 5}})
    assert (row.sent.code, row.redeemed, row.redeemed_quantity) == ("A", 0, 0)
    with pytest.raises(InvalidPayload):
        voucher_of_json(["A"])


def customer(**cells: str) -> Any:
    return customer_of_csv(list(cells), list(cells.values()), {})


@pytest.mark.parametrize(
    "cells",
    [{"source_id": "x"}, {"id": "cust_1"}, {"email": "a@b"}, {"phone": "1"}, {"name": "A"}, {"Source ID": "x"}],
)
def test_a_row_names_somebody_by_any_of_five_columns(cells: dict[str, str]) -> None:
    customer(**cells)


@pytest.mark.parametrize(
    "cells",
    [
        {"city": "x"},
        {"email": "", "city": "x"},
        {"source_id": "", "email": "a@b"},  # the file has ids, so this would be a new customer each time
        {"id": "", "name": "A"},
    ],
)
def test_a_row_that_names_nobody_is_refused(cells: dict[str, str]) -> None:
    with pytest.raises(InvalidPayload, match="The row names nobody"):
        customer(**cells)


def test_an_address_is_put_together_from_its_columns() -> None:
    sent = customer(
        **{"source_id": "x", "City": "a", "address_state": "b", "Address Line 1": "c", "address_postal_code": "d"}
    )
    address = sent.profile().address
    assert address == {"city": "a", "state": "b", "line_1": "c", "postal_code": "d"}


def test_empty_cells_leave_a_customer_as_it_is() -> None:
    sent = customer(source_id="x", name="", city="", birthdate="", shoe="")
    assert sent.profile() == customer(source_id="x").profile()


@pytest.mark.parametrize("columns", [["source_id"], ["x", "Email"], ["NAME"]])
def test_a_file_has_to_say_who_its_customers_are(columns: list[str]) -> None:
    check_identified(columns)
    with pytest.raises(InvalidPayload, match="Its columns are: city, shoe"):
        check_identified(["city", "shoe"])


def test_a_report_counts_what_was_done_and_what_failed() -> None:
    failed = [{"code": "A", "row": 2, "reason": "r"}]
    assert report_import(3, failed, None) == {
        "message": "3 voucher(s) imported successfully, 1 failed.",
        "failed": failed,
        "done_count": 3,
        "failed_count": 1,
    }
    assert report_customers(0, [], "Stopped.")["message"] == "0 customer(s) imported successfully, 0 failed. Stopped."
