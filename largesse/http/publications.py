"""Publications. `POST /v1/publications` is the hot path: a bare function instead of a Starlette route."""

from starlette.types import Receive

from largesse.domain.errors import NotBuilt
from largesse.http.edge import Exchange, Reply, read_body
from largesse.http.routing import Route
from largesse.wire.parse import parse_json


async def publish(exchange: Exchange, receive: Receive) -> Reply:
    """Give one code, or several of a campaign, to a customer."""
    parse_json(await read_body(exchange, receive), dict)
    raise NotBuilt(f"{exchange.method} {exchange.path} is not part of this version")


# For /openapi.json and the list of allowed methods; requests don't come this way.
ROUTES: list[Route] = [Route("/v1/publications", publish, methods=["POST"])]
