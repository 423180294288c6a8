"""The one list of resources."""

from starlette.routing import Route

from largesse.http import (
    assets,
    async_actions,
    bulk,
    campaigns,
    categories,
    customers,
    health,
    imports,
    keys,
    metadata_schemas,
    projects,
    publications,
    publishing,
    redeemables,
    summaries,
    tokens,
    transactions,
    trash_bin,
    validation_rules,
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
    imports,
    assets,
    tokens,
    transactions,
    validation_rules,
    metadata_schemas,
    projects,
    keys,
    trash_bin,
)


def all_routes() -> list[Route]:
    return [route for resource in RESOURCES for route in resource.ROUTES]
