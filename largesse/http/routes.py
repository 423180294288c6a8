"""The one list of resources."""

from starlette.routing import Route

from largesse.http import health, publications

RESOURCES = (health, publications)


def all_routes() -> list[Route]:
    return [route for resource in RESOURCES for route in resource.ROUTES]
