"""One request of a page: who asks, in which project, and the ways to answer."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from largesse.actions.scope import Scope
from largesse.auth.passwords import Passwords
from largesse.auth.sessions import form_token, proves
from largesse.auth.shares import Holder
from largesse.dashboard.forms import MULTIPART, URLENCODED, Form
from largesse.dashboard.templates import ENVIRONMENT
from largesse.domain.errors import Forbidden, NotFound
from largesse.domain.projects import Project
from largesse.domain.users import USER, User
from largesse.http import bodies, edge
from largesse.http.connections import NOBODY, connected
from largesse.http.requests import path_parameter
from largesse.http.services import Services
from largesse.store.connection import Connection
from largesse.wire.lists import Query

NOTICE: Final = "largesse_notice"
NOTICE_LENGTH_MAX: Final = 300
PROOF: Final = "proof"


class View:
    """Handlers get one and return a response. `user` and `project` are asked for where a page needs them."""

    def __init__(self, exchange: edge.Exchange, request: Request, passwords: Passwords) -> None:
        self.exchange = exchange
        self.request = request
        self.passwords = passwords
        self.token = ""
        self.signed_in: User | None = None
        self.opened: Project | None = None
        self.projects: list[Project] = []  # that the user sees

    @property
    def services(self) -> Services:
        return self.exchange.services

    @property
    def user(self) -> User:
        assert self.signed_in is not None
        return self.signed_in

    @property
    def project(self) -> Project:
        assert self.opened is not None
        return self.opened

    @property
    def address(self) -> str:
        """Of the other end of the connection: a proxy's, where there is one."""
        client = self.request.client
        return client.host if client else ""

    @property
    def may_write(self) -> bool:
        return self.signed_in is not None and self.signed_in.may(USER)

    @property
    def query(self) -> Query:
        """The query string, read name by name. Raises QueryTooLarge, InvalidQueryParams."""
        return Query.parse(self.request.scope["query_string"])

    def parameter(self, name: str) -> str:
        """A part of the path. Raises NotFound for what can't be an identifier."""
        return path_parameter(self.request, name)

    def url(self, path: str = "", **query: Any) -> str:
        """The address of a page of this project; a path that begins with /app is whole already."""
        whole = path if path.startswith("/app") else f"/app/{self.project.public_id}{path}"
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return f"{whole}?{urlencode(given)}" if given else whole

    def here(self, **changes: Any) -> str:
        """This address with other values in its query: None takes one away."""
        pairs = parse_qsl(self.request.scope["query_string"].decode("latin-1"), keep_blank_values=False)
        kept = [(name, text) for name, text in pairs if name not in changes]
        kept += [(name, str(value)) for name, value in changes.items() if value is not None]
        path = self.exchange.path
        return f"{path}?{urlencode(kept)}" if kept else path

    async def form(self) -> Form:
        """The form that was sent. Raises Forbidden for one that no page of this session holds, PayloadTooLarge."""
        body = await bodies.read_body(self.exchange, self.request.receive, (URLENCODED, MULTIPART))
        form = Form.parse(body, self.exchange.header(b"content-type"))
        if self.token and not proves(self.token, form.text(PROOF)):
            raise Forbidden("The form is older than your session: open the page again, and send it from there")
        return form

    @asynccontextmanager
    async def work(self, *, heavy: bool = False) -> AsyncIterator[Scope]:
        """One transaction of the project, committed when the block ends well. Raises Unavailable, TooManyAtOnce.

        `heavy`: it reads what no index answers.
        """
        async with self.connected(heavy=heavy) as connection, connection.transaction():
            yield Scope(
                connection=connection,
                project=self.project,
                ids=self.services.ids,
                request_id=self.exchange.request_id,
                actor=self.user.id,
            )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """One transaction of no project. Raises Unavailable, TooManyAtOnce."""
        async with self.connected() as connection, connection.transaction():
            yield connection

    def connected(self, *, heavy: bool = False) -> AbstractAsyncContextManager[Connection]:
        """A connection from the share of the person, in the project that is open."""
        person = self.signed_in.id if self.signed_in else NOBODY
        return connected(self.services, Holder(self.opened.id if self.opened else 0, person), heavy=heavy)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page. Every template knows `view`, `user` and `project`, which may be None."""
        text = ENVIRONMENT.get_template(template).render(
            view=self,
            user=self.signed_in,
            project=self.opened,
            zone=self.opened.time_zone if self.opened else "UTC",
            proof=form_token(self.token) if self.token else "",
            notice=self._notice(),
            **values,
        )
        response = HTMLResponse(text, status)
        if NOTICE in self.request.cookies:
            response.delete_cookie(NOTICE, path="/app")
        return response

    def go(self, path: str, notice: str = "", **query: Any) -> Response:
        """To another page, which says `notice` once."""
        response = RedirectResponse(self.url(path, **query), 303)
        if notice:
            response.set_cookie(
                NOTICE, quote(notice[:NOTICE_LENGTH_MAX]), max_age=60, path="/app", httponly=True, samesite="lax"
            )
        return response

    def _notice(self) -> str:
        return unquote(self.request.cookies.get(NOTICE, ""))[:NOTICE_LENGTH_MAX]

    def found(self, thing: Any, kind: str, id: str) -> Any:
        """What was looked for. Raises NotFound for None."""
        if thing is None:
            raise NotFound.of(kind, id)
        return thing
