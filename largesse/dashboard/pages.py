"""The one list of pages."""

from largesse.dashboard import (
    account,
    campaign_creation,
    campaigns,
    home,
    publications,
    publishing,
    sign_in,
    users,
)
from largesse.dashboard.routing import Page

NOUNS = (sign_in, account, users, home, campaign_creation, campaigns, publications, publishing)


def all_pages() -> list[Page]:
    return [page for noun in NOUNS for page in noun.PAGES]
