"""The one list of resources."""

from starlette.routing import Route

from largesse.http import (
    activity,
    assets,
    async_actions,
    bulk,
    campaigns,
    categories,
    customers,
    events,
    exports,
    health,
    imports,
    keys,
    metadata_schemas,
    projects,
    publications,
    publishing,
    redeemables,
    referrals,
    runways,
    segments,
    summaries,
    tokens,
    transactions,
    trash_bin,
    validation_rules,
    vouchers,
    webhooks,
)

RESOURCES = (
    activity,
    health,
    publications,
    publishing,
    redeemables,
    referrals,
    runways,
    segments,
    summaries,
    customers,
    events,
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
    validation_rules,
    metadata_schemas,
    projects,
    keys,
    webhooks,
    trash_bin,
)


def all_routes() -> list[Route]:
    return [route for resource in RESOURCES for route in resource.ROUTES]
