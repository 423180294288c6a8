"""What a new voucher of a row is like."""

from typing import Any

import pytest

from largesse.actions.imports import _category_of, _columns, _Entry, _Piece, _template
from largesse.domain.campaigns import Campaign
from largesse.domain.errors import InvalidVoucher
from largesse.domain.vouchers import State
from largesse.store.voucher_rows import LockedRow
from largesse.wire.imports import VoucherRow
from largesse.wire.parse import convert
from largesse.wire.vouchers import VoucherInput
from tests.domain.moments import NOON


def campaign(voucher_type: str = "GIFT_VOUCHER", **voucher: Any) -> Campaign:
    return Campaign(
        id="camp_1", name="c", campaign_type="GIFT_VOUCHERS", type="STATIC", voucher={"type": voucher_type} | voucher,
        metadata={"a": 1, "b": 1}, use_voucher_metadata_schema=True, expiration_date=NOON, created_at=NOON,
    )  # fmt: skip


GIFTS = campaign(gift={"amount": 500})
CARDS = campaign("LOYALTY_CARD", loyalty_card={"points": 7})


def row(*, redeemed: int = 0, redeemed_quantity: int = 0, **sent: Any) -> VoucherRow:
    return VoucherRow(convert(sent, VoucherInput), redeemed_quantity, redeemed)


@pytest.mark.parametrize(
    ("of", "sent", "amount"),
    [
        (GIFTS, {}, 500),
        (GIFTS, {"gift": {"amount": 9}}, 9),
        (GIFTS, {"gift": {"amount": 0}}, 0),
        (GIFTS, {"loyalty_card": {"points": 9}}, 500),
        (CARDS, {}, 7),
        (CARDS, {"loyalty_card": {"points": 9}}, 9),
        (CARDS, {"gift": {"amount": 9}}, 7),
    ],
)
def test_a_row_may_say_the_amount_of_its_campaigns_kind(of: Campaign, sent: dict[str, Any], amount: int) -> None:
    assert _template(of, "A", row(**sent)).amount == amount


def test_type_and_dates_come_from_the_campaign() -> None:
    made = _template(GIFTS, "A", row(type="DISCOUNT_VOUCHER", expiration_date="2030-01-01"))
    assert (made.type, made.expiration_date, made.campaign_id) == ("GIFT_VOUCHER", NOON, "camp_1")


def test_metadata_of_the_row_stand_on_top_of_the_campaigns() -> None:
    assert _template(GIFTS, "A", row(metadata={"b": 2})).metadata == {"a": 1, "b": 2}
    assert _template(GIFTS, "A", row()).metadata == {"a": 1, "b": 1}


@pytest.mark.parametrize(("redeemed", "fits"), [(0, True), (500, True), (501, False)])
def test_nobody_has_redeemed_more_than_there_was(redeemed: int, fits: bool) -> None:
    if fits:
        _template(GIFTS, "A", row(redeemed=redeemed))
        return
    with pytest.raises(InvalidVoucher, match="Voucher A cannot have more redeemed than it had"):
        _template(GIFTS, "A", row(redeemed=redeemed))


def test_a_loyalty_card_needs_a_campaign() -> None:
    with pytest.raises(InvalidVoucher, match="only inside a campaign"):
        _template(None, "A", row(type="LOYALTY_CARD", loyalty_card={"points": 1}))
    assert _template(None, "A", row(gift={"amount": 1})).type == "GIFT_VOUCHER"


def entry(of: VoucherRow, template_of: Campaign = GIFTS) -> _Entry:
    return _Entry(1, of, "a", _template(template_of, "A", of))


@pytest.mark.parametrize(("quantity", "state"), [(0, State.FREE), (1, State.WITHDRAWN), (9, State.WITHDRAWN)])
def test_a_code_that_was_redeemed_before_is_never_handed_out(quantity: int, state: State) -> None:
    columns = _columns(entry(row(code="A", redeemed_quantity=quantity)), None)
    assert (columns["state"], columns["redeemed_quantity"]) == (state, quantity)


@pytest.mark.parametrize(("active", "stored"), [(True, True), (False, False), (None, None)])
def test_whether_a_code_is_active_is_left_to_its_campaign_unless_said(active: bool | None, stored: bool | None) -> None:
    assert _columns(entry(row(code="A", active=active)), None).get("active") is stored


def test_a_row_as_it_is_stored_has_its_key_its_category_and_dates_as_text() -> None:
    columns = _columns(entry(row(code="A")), "cat_1")
    assert (columns["code"], columns["code_key"], columns["category_id"]) == ("A", "a", "cat_1")
    assert columns["expiration_date"] == "2026-06-01T12:00:00.000Z"
    assert None not in columns.values()


@pytest.mark.parametrize(
    ("sent", "category"),
    [({"category": "x"}, "cat_x"), ({"category_id": "cat_x"}, "cat_y"), ({}, None), ({"category": "z"}, None)],
)
def test_a_category_is_found_by_what_the_row_calls_it(sent: dict[str, Any], category: str | None) -> None:
    assert _category_of(entry(row(**sent)), {"x": "cat_x", "cat_x": "cat_y"}) == category


@pytest.mark.parametrize(
    ("campaign_id", "binned", "of", "ours"),
    [
        ("camp_1", False, GIFTS, True),
        ("camp_1", True, GIFTS, False),
        ("camp_2", False, GIFTS, False),
        (None, False, GIFTS, False),
        (None, False, None, True),
        ("camp_1", False, None, False),
    ],
)
def test_a_known_code_is_changed_only_in_its_own_place(
    campaign_id: str | None, binned: bool, of: Campaign | None, ours: bool
) -> None:
    held = LockedRow("v_1", "a", campaign_id, State.FREE, True, binned, {})
    assert _Piece(of, {}, csv=True, promised=0).is_ours(held) is ours


def test_a_failed_row_is_named_by_number_and_line_where_there_are_any() -> None:
    piece = _Piece(None, {}, csv=True, promised=0)
    piece.lines = {1: 4}
    piece.fail(1, "A", "r")
    piece.fail(None, "B", "r")
    assert piece.failed == [{"code": "A", "row": 1, "line": 4, "reason": "r"}, {"code": "B", "reason": "r"}]
