from typing import Any

import pytest

from largesse.domain.campaigns import Campaign
from largesse.wire.summaries import render_campaign_summary
from tests.domain.moments import NOON

COUNTS = {
    "publications_succeeded": 5, "publications_failed": 2, "vouchers_created": 9, "vouchers_deleted": 1,
    "referred_customers": 3,
}  # fmt: skip
OF_KIND = {
    "DISCOUNT_VOUCHER": {"discounted_amount"},
    "GIFT_VOUCHER": {"amount_redeemed"},
    "LOYALTY_CARD": {"points_redeemed"},
}


def summary(voucher_type: str, campaign_type: str) -> dict[str, Any]:
    campaign = Campaign(
        id="camp_1", name="c", campaign_type=campaign_type, type="STATIC", created_at=NOON,
        voucher={"type": voucher_type, "code_config": {"length": 8, "charset": "a", "pattern": "#"}},
    )  # fmt: skip
    return render_campaign_summary(campaign, COUNTS)


def test_publications_are_those_that_succeeded_and_those_that_failed() -> None:
    assert summary("GIFT_VOUCHER", "GIFT_VOUCHERS")["publications"] == 7


@pytest.mark.parametrize(
    ("voucher_type", "campaign_type"),
    [("DISCOUNT_VOUCHER", "DISCOUNT_COUPONS"), ("GIFT_VOUCHER", "GIFT_VOUCHERS"), ("LOYALTY_CARD", "LOYALTY_PROGRAM")],
)
def test_each_kind_of_voucher_has_its_own_amounts_and_no_referrals(voucher_type: str, campaign_type: str) -> None:
    shown = summary(voucher_type, campaign_type)
    known = {name for names in OF_KIND.values() for name in names}
    assert known & set(shown) == OF_KIND[voucher_type]
    assert "referred_customers" not in shown


@pytest.mark.parametrize("voucher_type", ["DISCOUNT_VOUCHER", "GIFT_VOUCHER"])
def test_a_referral_programme_counts_customers_and_no_amounts(voucher_type: str) -> None:
    shown = summary(voucher_type, "REFERRAL_PROGRAM")
    assert shown["referred_customers"] == 3
    assert not {name for names in OF_KIND.values() for name in names} & set(shown)


def test_the_counts_of_the_caller_are_left_alone() -> None:
    before = dict(COUNTS)
    summary("GIFT_VOUCHER", "GIFT_VOUCHERS")
    assert before == COUNTS
