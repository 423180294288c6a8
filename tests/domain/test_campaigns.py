import pytest

from largesse.domain.campaigns import campaign_type, check_room, joins_once
from largesse.domain.errors import InvalidCampaign, InvalidCampaignParams


@pytest.mark.parametrize(
    ("voucher_type", "kind"),
    [
        ("DISCOUNT_VOUCHER", "DISCOUNT_COUPONS"),
        ("GIFT_VOUCHER", "GIFT_VOUCHERS"),
        ("LOYALTY_CARD", "LOYALTY_PROGRAM"),
    ],
)
def test_the_kind_of_campaign_follows_from_its_vouchers(voucher_type: str, kind: str) -> None:
    assert campaign_type(None, voucher_type, {}) == kind


def test_a_kind_that_does_not_fit_the_vouchers_is_refused() -> None:
    with pytest.raises(InvalidCampaign):
        campaign_type("GIFT_VOUCHERS", "DISCOUNT_VOUCHER", {})


def test_a_loyalty_program_is_joined_once_and_a_standalone_code_never() -> None:
    assert joins_once("LOYALTY_PROGRAM", "AUTO_UPDATE", False)
    assert not joins_once("DISCOUNT_COUPONS", "STANDALONE", True)
    assert joins_once("DISCOUNT_COUPONS", "STATIC", True)
    assert not joins_once("DISCOUNT_COUPONS", "STATIC", None)


def test_the_ceiling_counts_what_is_still_being_made() -> None:
    check_room(5, 3, 2, 10)
    with pytest.raises(InvalidCampaignParams, match="at most 10"):
        check_room(5, 3, 3, 10)
