"""The names of events that a project can subscribe to (spec distributions-exports-webhooks §6.3), as far as built."""

from types import MappingProxyType
from typing import Final

CAMPAIGN_CREATED: Final = "campaign.created"
CAMPAIGN_UPDATED: Final = "campaign.updated"
CAMPAIGN_DELETED: Final = "campaign.deleted"
CAMPAIGN_ENABLED: Final = "campaign.enabled"
CAMPAIGN_DISABLED: Final = "campaign.disabled"
CAMPAIGN_VOUCHERS_ADDED: Final = "campaign.vouchers.added"
CAMPAIGN_GENERATION_STARTED: Final = "campaign.vouchers.generation.started"
CAMPAIGN_GENERATION_COMPLETED: Final = "campaign.vouchers.generation.completed"
CAMPAIGN_GENERATION_FAILED: Final = "campaign.vouchers.generation.failed"
CAMPAIGN_POOL_LOW: Final = "campaign.pool.low"  # ours
CUSTOMER_CREATED: Final = "customer.created"
CUSTOMER_UPDATED: Final = "customer.updated"
CUSTOMER_DELETED: Final = "customer.deleted"
RULE_CREATED: Final = "business_validation_rule.created"
RULE_UPDATED: Final = "business_validation_rule.updated"
RULE_DELETED: Final = "business_validation_rule.deleted"
RULE_ASSIGNED: Final = "business_validation_rule.assignment.created"
RULE_UNASSIGNED: Final = "business_validation_rule.assignment.deleted"
PUBLICATION_SUCCEEDED: Final = "publication.succeeded"
VOUCHER_CREATED: Final = "voucher.created"
VOUCHER_UPDATED: Final = "voucher.updated"
VOUCHER_DELETED: Final = "voucher.deleted"
VOUCHER_ENABLED: Final = "voucher.enabled"
VOUCHER_DISABLED: Final = "voucher.disabled"
VOUCHER_PUBLISHED: Final = "voucher.published"
VOUCHER_GIFT_TRANSACTION_CREATED: Final = "voucher.gift.transaction.created"
VOUCHER_LOYALTY_TRANSACTION_CREATED: Final = "voucher.loyalty_card.transaction.created"
CUSTOM_EVENT: Final = "customer.custom_event"
HOLDER_ASSIGNED: Final = "customer.holder.assignment.created"
HOLDER_REMOVED: Final = "customer.holder.assignment.deleted"
CUSTOMER_REFERRED: Final = "customer.referred"
SEGMENT_ENTERED: Final = "customer.segment.entered"
SEGMENT_LEFT: Final = "customer.segment.left"

NAMES: Final = frozenset(value for name, value in globals().items() if name.isupper() and isinstance(value, str))
"""What is written to the log."""

VOUCHER_GIFT_BALANCE_ADDED: Final = "voucher.gift.balance_added"
VOUCHER_LOYALTY_POINTS_ADDED: Final = "voucher.loyalty_card.points_added"

SUBSCRIBABLE: Final = NAMES | {VOUCHER_GIFT_BALANCE_ADDED, VOUCHER_LOYALTY_POINTS_ADDED}
"""What a webhook can be told: those written, and those that follow from one that is (events/payloads.py)."""

MISSPELT: Final = MappingProxyType(
    {
        name.replace("added", "aded"): name
        for name in (CAMPAIGN_VOUCHERS_ADDED, VOUCHER_GIFT_BALANCE_ADDED, VOUCHER_LOYALTY_POINTS_ADDED)
    }
)
"""The contract spells these so where it lists what a webhook can subscribe to: typed clients send nothing else."""

UNBUILT: Final = frozenset({
    "customer.confirmed", "customer.rewarded", "customer.rewarded.loyalty_points",
    "redemption.succeeded", "redemption.failed", "redemption.rollback.succeeded", "redemption.rollback.failed",
    *(f"campaign.earning_rule.{what}" for what in ("assigned", "deleted", "disabled", "enabled", "updated")),
    *(f"campaign.{tier}.{what}" for tier in ("loyalty_tier", "referral_tier", "reward.assignment")
      for what in ("created", "deleted", "updated")),
    *(f"campaign.promotion_tier.{what}" for what in ("created", "deleted", "disabled", "enabled", "updated")),
    *(f"campaign.promotion_stack.{what}" for what in ("created", "updated")),
    "voucher.loyalty_card.points_expired",
    *(f"voucher.loyalty_card.pending_points.{what}" for what in ("added", "aded", "updated", "activated", "canceled")),
})  # fmt: skip
"""Names of the contract for what can't happen here yet: said as such when somebody subscribes to one."""
