"""The one list of resources."""

from starlette.routing import Route

from largesse.http import (
    assets,
    async_actions,
    campaigns,
    categories,
    customers,
    health,
    publications,
    publishing,
    tokens,
    transactions,
    vouchers,
)

RESOURCES = (
    health,
    publications,
    publishing,
    customers,
    categories,
    campaigns,
    vouchers,
    async_actions,
    assets,
    tokens,
    transactions,
)


def all_routes() -> list[Route]:
    return [route for resource in RESOURCES for route in resource.ROUTES]
