"""The one list of resources."""

from starlette.routing import Route

from largesse.http import (
    assets,
    async_actions,
    bulk,
    campaigns,
    categories,
    customers,
    exports,
    health,
    imports,
    publications,
    publishing,
    redeemables,
    summaries,
    tokens,
    transactions,
    vouchers,
)

RESOURCES = (
    health,
    publications,
    publishing,
    redeemables,
    summaries,
    customers,
    categories,
    campaigns,
    vouchers,
    async_actions,
    bulk,
    exports,
    imports,
    assets,
    tokens,
    transactions,
)


def all_routes() -> list[Route]:
    return [route for resource in RESOURCES for route in resource.ROUTES]
