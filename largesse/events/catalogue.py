"""The names of events that a project can subscribe to (spec distributions-exports-webhooks §6.3), as far as built."""

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
CUSTOMER_CREATED: Final = "customer.created"
CUSTOMER_UPDATED: Final = "customer.updated"
CUSTOMER_DELETED: Final = "customer.deleted"
PUBLICATION_SUCCEEDED: Final = "publication.succeeded"
VOUCHER_CREATED: Final = "voucher.created"
VOUCHER_UPDATED: Final = "voucher.updated"
VOUCHER_DELETED: Final = "voucher.deleted"
VOUCHER_ENABLED: Final = "voucher.enabled"
VOUCHER_DISABLED: Final = "voucher.disabled"
VOUCHER_PUBLISHED: Final = "voucher.published"
VOUCHER_GIFT_TRANSACTION_CREATED: Final = "voucher.gift.transaction.created"
VOUCHER_LOYALTY_TRANSACTION_CREATED: Final = "voucher.loyalty_card.transaction.created"

NAMES: Final = frozenset(value for name, value in globals().items() if name.isupper() and isinstance(value, str))
