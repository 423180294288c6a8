"""The one list of pages."""

from largesse.dashboard import (
    account,
    campaign_creation,
    campaigns,
    customers,
    developers,
    distributions,
    exports,
    home,
    imports,
    publications,
    publishing,
    sign_in,
    users,
    vouchers,
    webhooks,
)
from largesse.dashboard.routing import Page

NOUNS = (
    sign_in,
    account,
    users,
    home,
    campaign_creation,
    campaigns,
    publications,
    publishing,
    vouchers,
    customers,
    distributions,
    exports,
    imports,
    developers,
    webhooks,
)


def all_pages() -> list[Page]:
    return [page for noun in NOUNS for page in noun.PAGES]
