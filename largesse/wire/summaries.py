"""Summaries as JSON."""

from typing import Any, Final

from largesse.domain.campaigns import REFERRAL_PROGRAM, Campaign
from largesse.domain.vouchers import DISCOUNT_VOUCHER, GIFT_VOUCHER, LOYALTY_CARD
from largesse.wire.campaigns import render_campaign

# Nothing of this happens here yet.
_NEVER: Final = (
    *(f"{what}{how}" for what in ("redemptions", "rollbacks", "validations") for how in ("", "_succeeded", "_failed")),
    "orders_amount",
    "orders_rolledback_amount",
)
_GIFT: Final = tuple(
    f"{what}_{how}"
    for what, how in (
        ("created_vouchers", "amount"),
        *(("amount", how) for how in ("added", "deleted", "redeemed", "rolledback", "subtracted")),
    )
)
_POINTS: Final = (
    "created_vouchers_points",
    *(
        f"points_{how}"
        for how in (
            *("deleted", "subtracted", "added", "rewarded", "redeemed", "rolledback", "expired"),
            *("transferred_out", "transferred_in"),
        )
    ),
    *(f"pending_points_{how}" for how in ("added", "subtracted", "activated", "canceled")),
)
_AMOUNTS: Final = {
    DISCOUNT_VOUCHER: ("discounted_amount", "rolledback_discounted_amount"),
    GIFT_VOUCHER: _GIFT,
    LOYALTY_CARD: _POINTS,
}


def render_campaign_summary(campaign: Campaign, counts: dict[str, int]) -> dict[str, Any]:
    """`counts`: publications_succeeded, publications_failed, vouchers_created, vouchers_deleted and,
    of a referral programme, referred_customers.
    """
    referral = campaign.campaign_type == REFERRAL_PROGRAM
    amounts = () if referral else _AMOUNTS[campaign.voucher["type"]]
    if not referral:
        counts = {name: count for name, count in counts.items() if name != "referred_customers"}
    return {
        "object": "campaign_summary",
        "campaign": render_campaign(campaign),
        **counts,
        "publications": counts["publications_succeeded"] + counts["publications_failed"],
        **dict.fromkeys((*_NEVER, *amounts), 0),
    }
