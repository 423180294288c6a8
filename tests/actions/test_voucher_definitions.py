"""What a voucher to be made must be like, and how its code looks."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from largesse.actions.generation import _template
from largesse.actions.referrals import _referrer_of
from largesse.actions.vouchers import check_template, config_of, overrides
from largesse.domain.async_actions import IN_PROGRESS, VOUCHERS_GENERATE, AsyncAction
from largesse.domain.campaigns import Campaign, template_of
from largesse.domain.errors import InvalidCodeConfig, InvalidPayload, InvalidVoucher, NotPublished
from largesse.domain.vouchers import Voucher, VoucherTemplate
from largesse.wire.parse import convert
from largesse.wire.vouchers import VoucherInput
from tests.domain.moments import NOON

CAMPAIGN = Campaign(
    id="camp_1", name="c", campaign_type="GIFT_VOUCHERS", type="STATIC", created_at=NOON, start_date=NOON,
    voucher={"type": "GIFT_VOUCHER", "gift": {"amount": 5}, "code_config": {"charset": "AB", "pattern": "C-####"}},
)  # fmt: skip
GIFT = VoucherTemplate(type="GIFT_VOUCHER", amount=1)


def test_a_code_looks_as_its_campaign_says_unless_it_was_asked_for_otherwise() -> None:
    assert config_of(CAMPAIGN, VoucherInput()).pattern == "C-####"
    asked = convert({"code_config": {"pattern": "D-##"}}, VoucherInput)
    assert config_of(CAMPAIGN, asked).pattern == "D-##"
    with pytest.raises(InvalidCodeConfig):
        config_of(CAMPAIGN, convert({"code_config": {"charset": ""}}, VoucherInput))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"start_date": NOON, "expiration_date": NOON - timedelta(seconds=1)}, InvalidVoucher),
        ({"validity_timeframe": {"interval": "P2D", "duration": "P1D"}}, InvalidVoucher),
        ({"validity_day_of_week": [7]}, InvalidPayload),
        ({"discount": {"type": "PERCENT", "percent_off": 101}}, InvalidVoucher),
        ({"metadata": {"a": "x" * 65_536}}, InvalidPayload),
    ],
)
def test_a_voucher_that_cannot_be_is_refused(changes: dict[str, Any], error: type[Exception]) -> None:
    assert check_template(GIFT) is GIFT
    with pytest.raises(error):
        check_template(replace(GIFT, **changes))


@pytest.mark.parametrize("overrides", [{}, {"amount": 9, "start_date": "2030-01-01T00:00:00Z", "metadata": {"a": 1}}])
def test_later_chunks_make_what_the_campaign_is_now_with_what_was_asked_for_on_top(overrides: dict[str, Any]) -> None:
    action = AsyncAction(
        id="aa_1", type=VOUCHERS_GENERATE, status=IN_PROGRESS, created_at=NOON, arguments={"overrides": overrides}
    )  # fmt: skip
    made, plain = _template(CAMPAIGN, action), template_of(CAMPAIGN)
    assert {name for name in plain.__struct_fields__ if getattr(made, name) != getattr(plain, name)} == set(overrides)
    assert made.amount == overrides.get("amount", 5)


def test_a_code_that_nobody_holds_has_no_referrer() -> None:
    code = Voucher(id="v_1", code="A", type="GIFT_VOUCHER", is_referral_code=True, created_at=NOON)
    assert _referrer_of(replace(code, holder_id="cust_1")) == "cust_1"
    with pytest.raises(NotPublished):
        _referrer_of(code)


def other(voucher_type: str, **voucher: Any) -> Campaign:
    return replace(
        CAMPAIGN, voucher={"type": voucher_type} | voucher, metadata={"a": 1}, use_voucher_metadata_schema=True
    )


PERCENT = other("DISCOUNT_VOUCHER", discount={"type": "PERCENT", "percent_off": 10})


@pytest.mark.parametrize(
    ("campaign", "sent", "over"),
    [
        (CAMPAIGN, {}, {}),
        (CAMPAIGN, {"active": False, "additional_info": ""}, {"active": False, "additional_info": ""}),
        (CAMPAIGN, {"type": "GIFT_VOUCHER"}, {}),
        (CAMPAIGN, {"gift": {"amount": 0}}, {"amount": 0}),
        (CAMPAIGN, {"gift": {"amount": 9, "effect": "APPLY_TO_ITEMS"}}, {"amount": 9, "gift_effect": "APPLY_TO_ITEMS"}),
        (CAMPAIGN, {"loyalty_card": {"points": 9}}, {}),
        (CAMPAIGN, {"discount": {"type": "PERCENT", "percent_off": 9}}, {}),
        (CAMPAIGN, {"redemption": {"quantity": 2}}, {"redemption_quantity": 2}),
        (CAMPAIGN, {"redemption": {"quantity": None}}, {}),
        (other("LOYALTY_CARD"), {"loyalty_card": {"points": 9}}, {"amount": 9}),
        (other("LOYALTY_CARD"), {"metadata": {"b": 2}}, {"metadata": {"a": 1, "b": 2}}),
        (
            PERCENT,
            {"discount": {"type": "PERCENT", "percent_off": 9}},
            {"discount": {"type": "PERCENT", "percent_off": 9}},
        ),
        (PERCENT, {"gift": {"amount": 9}}, {}),
    ],
)
def test_one_voucher_may_differ_from_its_campaign_in_what_its_kind_has(
    campaign: Campaign, sent: dict[str, Any], over: dict[str, Any]
) -> None:
    assert overrides(campaign, convert(sent, VoucherInput), None) == over


def test_a_voucher_is_of_its_campaigns_type() -> None:
    with pytest.raises(InvalidVoucher, match="of this campaign are of type GIFT_VOUCHER"):
        overrides(CAMPAIGN, convert({"type": "LOYALTY_CARD"}, VoucherInput), None)


def test_a_category_that_was_found_is_the_vouchers() -> None:
    assert overrides(CAMPAIGN, VoucherInput(), "cat_1") == {"category_id": "cat_1"}
