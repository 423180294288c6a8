"""The one list of pages."""

from largesse.dashboard import (
    account,
    customers,
    developers,
    distributions,
    exports,
    home,
    imports,
    sign_in,
    users,
    vouchers,
    webhooks,
)
from largesse.dashboard.routing import Page

NOUNS = (sign_in, account, users, home, vouchers, customers, exports, imports, distributions, developers, webhooks)


def all_pages() -> list[Page]:
    return [page for noun in NOUNS for page in noun.PAGES]
