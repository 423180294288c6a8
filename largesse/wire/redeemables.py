"""A customer's redeemables as JSON."""

from typing import Any

from largesse.domain.redeemables import Redeemable
from largesse.wire.assets import AssetUrls
from largesse.wire.dates import render
from largesse.wire.vouchers import render_voucher


def render_redeemable(redeemable: Redeemable, assets: AssetUrls) -> dict[str, Any]:
    voucher = redeemable.voucher
    return {
        "id": redeemable.id,
        "created_at": render(redeemable.created_at),
        "redeemable_id": voucher.id,
        "redeemable_object": "voucher",
        "customer_id": redeemable.customer_id,
        "holder_role": redeemable.holder_role,
        "campaign_id": voucher.campaign_id,
        "campaign_type": redeemable.campaign_type,
        "voucher_type": voucher.type,
        "redeemable": {
            "type": "voucher",
            "voucher": render_voucher(voucher, assets),
            "status": redeemable.status,
        },
        "object": "redeemable_holder",
    }
