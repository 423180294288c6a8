"""Everything below /app: finds the page, knows who asks, and turns whatever goes wrong into a page that says so."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Send

from largesse.auth.passwords import Passwords
from largesse.auth.sessions import find_user
from largesse.dashboard.assets import serve_asset
from largesse.dashboard.pages import all_pages
from largesse.dashboard.routing import COOKIE, SIGN_IN, Page
from largesse.dashboard.view import View
from largesse.domain.errors import Forbidden, LargesseError, NotFound
from largesse.http import edge
from largesse.http.requests import EXCHANGE
from largesse.http.routing import RouteTable
from largesse.http.services import Services
from largesse.store.connection import LOOKUP_LIMIT_S, acquire
from largesse.store.projects import list_projects

_STATIC: Final = "/app/static/"
_SAFE: Final = frozenset({"GET", "HEAD"})
_HEADERS: Final = {
    # Nothing from elsewhere, no script but ours, and nobody may put a page into a frame.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Dashboard:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._passwords = Passwords()
        self._table = RouteTable(all_pages(), ())

    async def __call__(self, exchange: edge.Exchange, receive: Receive, send: Send) -> None:
        if exchange.path.startswith(_STATIC):
            exchange.route = _STATIC
            response = serve_asset(exchange.path.rpartition("/")[2])
        else:
            response = await self._respond(exchange, receive)
        response.headers.update(_HEADERS)
        await response(exchange.scope, receive, send)

    async def _respond(self, exchange: edge.Exchange, receive: Receive) -> Response:
        request = Request({**exchange.scope, EXCHANGE: exchange}, receive)
        view = View(exchange, request, self._passwords)
        try:
            return await self._answer(view)
        except Exception as error:  # noqa: BLE001  # it is logged there
            return _say(view, edge.foreseen(exchange, error))

    async def _answer(self, view: View) -> Response:
        path = view.exchange.path
        if path in {"/", "/app"}:
            return RedirectResponse("/app/", 303)
        view.token = view.request.cookies.get(COOKIE, "")
        view.signed_in = await find_user(self._services.lookup_pool, view.token)
        if view.signed_in is None:
            view.token = ""
        else:
            view.exchange.is_known = True
            async with acquire(self._services.lookup_pool, limit_s=LOOKUP_LIMIT_S) as connection:
                everything = await list_projects(connection)
            view.projects = [project for project in everything if view.user.sees(project.id)]
        route, parameters = self._table.find("GET" if view.exchange.method == "HEAD" else view.exchange.method, path)
        assert isinstance(route, Page)
        view.exchange.route = route.path
        view.request.scope["path_params"] = parameters
        if not route.is_open and view.signed_in is None:
            return RedirectResponse(view.url(SIGN_IN, next=_wanted(view)), 303)
        self._check(view, route)
        return await route.handler(view)

    def _check(self, view: View, route: Page) -> None:
        """Raises Forbidden, and NotFound for a project that the user doesn't see."""
        if view.exchange.method not in _SAFE:
            check_origin(view.exchange)
        if route.in_project and view.signed_in is not None:
            wanted = view.parameter("project_id")
            view.opened = next((one for one in view.projects if one.public_id == wanted), None)
            if view.opened is None:
                raise NotFound.of("project", wanted)
        if not route.is_open and not view.user.may(route.role):
            raise Forbidden(f"This takes the role {route.role}, and yours is {view.user.role}")


def check_origin(exchange: edge.Exchange) -> None:
    """A form must come from a page of ours: browsers say where from. Raises Forbidden."""
    origin, site = exchange.header(b"origin"), exchange.header(b"sec-fetch-site")
    ours = {exchange.header(b"host"), urlsplit(exchange.services.public_url).netloc}
    if (site and site not in {"same-origin", "none"}) or (origin and urlsplit(origin).netloc not in ours):
        raise Forbidden("The form doesn't come from this dashboard")


def _wanted(view: View) -> str | None:
    """Where somebody wanted to go who has to sign in first; nowhere, if that was to change something."""
    return view.here() if view.exchange.method in _SAFE and view.exchange.path != "/app/" else None


def _say(view: View, error: LargesseError) -> Response:
    response = view.page("error.html", error.status, error=error, request_id=view.exchange.request_id)
    if error.retry_after_s is not None:
        response.headers["retry-after"] = str(error.retry_after_s)
    return response
