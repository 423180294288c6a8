"""The names of events that a project can subscribe to (docs/semantics/event-log.md), as far as built."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class EventType(StrEnum):
    """What is written to the log."""

    CAMPAIGN_CREATED = "campaign.created"
    CAMPAIGN_UPDATED = "campaign.updated"
    CAMPAIGN_DELETED = "campaign.deleted"
    CAMPAIGN_ENABLED = "campaign.enabled"
    CAMPAIGN_DISABLED = "campaign.disabled"
    CAMPAIGN_VOUCHERS_ADDED = "campaign.vouchers.added"
    CAMPAIGN_GENERATION_STARTED = "campaign.vouchers.generation.started"
    CAMPAIGN_GENERATION_COMPLETED = "campaign.vouchers.generation.completed"
    CAMPAIGN_GENERATION_FAILED = "campaign.vouchers.generation.failed"
    CAMPAIGN_POOL_LOW = "campaign.pool.low"  # ours
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_UPDATED = "customer.updated"
    CUSTOMER_DELETED = "customer.deleted"
    RULE_CREATED = "business_validation_rule.created"
    RULE_UPDATED = "business_validation_rule.updated"
    RULE_DELETED = "business_validation_rule.deleted"
    RULE_ASSIGNED = "business_validation_rule.assignment.created"
    RULE_UNASSIGNED = "business_validation_rule.assignment.deleted"
    PUBLICATION_SUCCEEDED = "publication.succeeded"
    VOUCHER_CREATED = "voucher.created"
    VOUCHER_UPDATED = "voucher.updated"
    VOUCHER_DELETED = "voucher.deleted"
    VOUCHER_ENABLED = "voucher.enabled"
    VOUCHER_DISABLED = "voucher.disabled"
    VOUCHER_PUBLISHED = "voucher.published"
    VOUCHER_GIFT_TRANSACTION_CREATED = "voucher.gift.transaction.created"
    VOUCHER_LOYALTY_TRANSACTION_CREATED = "voucher.loyalty_card.transaction.created"
    CUSTOM_EVENT = "customer.custom_event"
    HOLDER_ASSIGNED = "customer.holder.assignment.created"
    HOLDER_REMOVED = "customer.holder.assignment.deleted"
    CUSTOMER_REFERRED = "customer.referred"
    SEGMENT_ENTERED = "customer.segment.entered"
    SEGMENT_LEFT = "customer.segment.left"


VOUCHER_GIFT_BALANCE_ADDED: Final = "voucher.gift.balance_added"
VOUCHER_LOYALTY_POINTS_ADDED: Final = "voucher.loyalty_card.points_added"

SUBSCRIBABLE: Final = frozenset(EventType) | {VOUCHER_GIFT_BALANCE_ADDED, VOUCHER_LOYALTY_POINTS_ADDED}
"""What a webhook can be told: those written, and those that follow from one that is (events/payloads.py)."""

MISSPELT: Final = MappingProxyType(
    {
        name.replace("added", "aded"): name
        for name in (EventType.CAMPAIGN_VOUCHERS_ADDED, VOUCHER_GIFT_BALANCE_ADDED, VOUCHER_LOYALTY_POINTS_ADDED)
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
