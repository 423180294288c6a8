"""The ASGI application: looks at method and raw path, and leaves everything else to others."""

from collections.abc import Iterable
from typing import Final

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from largesse.http import edge, exports, publications
from largesse.http.absent import contract_operations, older_operations
from largesse.http.edge import SERVER_KEYS, Exchange, Reply
from largesse.http.openapi import documentation_routes
from largesse.http.requests import EXCHANGE
from largesse.http.routes import all_routes
from largesse.http.routing import RouteTable
from largesse.http.services import Services

PUBLISH_PATH: Final = "/v1/publications"
_API_PREFIXES: Final = ("/v1/", "/client/v1/", "/management/v1/")
_PAGES_PREFIX: Final = "/app/"
_FRONT_DOORS: Final = frozenset({"/", "/app"})
_OPEN_PREFIX: Final = "/v1/assets/"  # pictures: their address is what opens them


class App:
    """`pages` answers everything below /app: the dashboard, which stands above this room."""

    def __init__(self, services: Services, routes: Iterable[Route], pages: edge.Handle | None = None) -> None:
        self._services = services
        self._pages = pages
        self._table = RouteTable(routes, contract_operations(), older_operations())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            exchange = Exchange(self._services, scope)
            is_publish = exchange.method == "POST" and exchange.path == PUBLISH_PATH
            handle: edge.Handle = self._publish if is_publish else self._route
            if self._pages is not None and (exchange.path in _FRONT_DOORS or exchange.path.startswith(_PAGES_PREFIX)):
                handle = self._pages
            await edge.converse(exchange, receive, send, handle)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _publish(self, exchange: Exchange, receive: Receive, _send: Send) -> Reply:
        exchange.route = PUBLISH_PATH
        await edge.admit(exchange)
        edge.check_kind(exchange, SERVER_KEYS)
        edge.check_permission(exchange, writes=True)
        return await publications.publish(exchange, receive)

    async def _route(self, exchange: Exchange, receive: Receive, send: Send) -> Reply | None:
        if exchange.method == "OPTIONS":
            return edge.preflight(exchange) or self._options(exchange)
        is_open = exchange.path.startswith(_OPEN_PREFIX) or exports.is_download(exchange)
        if exchange.path.startswith(_API_PREFIXES) and not is_open:
            await edge.admit(exchange)
        route, parameters = self._table.find(exchange.method, exchange.path)
        exchange.route = route.path
        edge.check_kind(exchange, getattr(route, "keys", SERVER_KEYS))
        edge.check_permission(exchange, writes=getattr(route, "writes", True))
        scope = {**exchange.scope, "path_params": parameters, EXCHANGE: exchange}
        await route.app(scope, receive, send)
        return None

    def _options(self, exchange: Exchange) -> Reply:
        allowed = self._table.allowed(exchange.path)
        if not allowed:
            self._table.find(exchange.method, exchange.path)  # raises what a GET would get
        return Reply(204, b"", [(b"allow", ", ".join((*allowed, "OPTIONS")).encode())])


async def _live(receive: Receive, send: Send) -> None:
    """Nothing to start: who made the services starts and stops them."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def create_app(services: Services, routes: Iterable[Route] | None = None, *, pages: edge.Handle | None = None) -> App:
    """The API, and `pages` beside it. `routes` replaces the list of resources, for tests."""
    operations = all_routes() if routes is None else list(routes)
    return App(services, [*operations, *documentation_routes(operations)], pages)
