"""What surrounds every request, as plain functions: the bare publish route and all others call the same ones.

Order: request id, preflight, authentication, rate limit, Accept, then the route (which reads the body: size, content
type, JSON), then errors to answers, headers, metrics, one log line.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec
import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from largesse.auth.callers import Caller
from largesse.auth.rates import API_CALLS, BULK_API_CALLS, Allowance
from largesse.domain.errors import (
    Forbidden,
    IntegrationApiKeyRequired,
    InvalidPayload,
    LargesseError,
    MethodNotAllowed,
    MissingRequiredPermission,
    NotAcceptable,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from largesse.domain.keys import CLIENT, VIEWER, is_allowed
from largesse.domain.projects import Project
from largesse.domain.tokens import opens
from largesse.http.services import Services
from largesse.store.connection import is_unavailable
from largesse.wire.errors import render_error
from largesse.wire.lists import Query

Headers = list[tuple[bytes, bytes]]
Handle = Callable[["Exchange", Receive, Send], Awaitable["Reply | None"]]

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
LAST_WORDS: Final = "largesse.last_words"  # in the scope of a request that got no answer
CLIENT_GONE_STATUS: Final = 499  # in logs and metrics only
PATH_LOGGED_MAX: Final = 500
SERVER_KEYS: Final = frozenset({"server"})
INTEGRATION_KEYS: Final = frozenset({"integration"})
CLIENT_KEYS: Final = frozenset({"client"})
MANAGEMENT_KEYS: Final = frozenset({"management"})
OPEN_KEYS: Final = INTEGRATION_KEYS | CLIENT_KEYS

JSON_TYPE: Final = "application/json"
_JSON: Final = (b"content-type", b"application/json; charset=utf-8")
_CREDENTIALS: Final = (
    ("/v1/", b"x-app-id", b"x-app-token", frozenset({"server", "integration"})),
    ("/client/v1/", b"x-client-application-id", b"x-client-token", frozenset({"client"})),
    ("/management/v1/", b"x-management-id", b"x-management-token", frozenset({"management"})),
)
_PREFIXES: Final = frozenset({"/app/", *(prefix for prefix, *_ in _CREDENTIALS)})
_PYTHON_CLIENT: Final = "OpenAPI-Python-SDK/"
_TOKEN_PREFIXES: Final = ("/v1/", "/client/v1/")
_OAUTH: Final = "/v1/oauth/"
CREDENTIAL_LENGTH_MAX: Final = 255
_BULK_ENDINGS: Final = ("/import", "/importCSV", "/bulk/async", "/metadata/async")
_ANY_ORIGIN: Final = (b"access-control-allow-origin", b"*")
_EXPOSED: Final = (
    b"access-control-expose-headers",
    b"X-Request-Id, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Retry, X-Rate-Limit-Type, Retry-After",
)
_PREFLIGHT_AGE_S: Final = b"86400"
_NO_STORE: Final = (b"cache-control", b"no-store")
_OPENERS: Final = [name for _, id_header, token_header, _ in _CREDENTIALS for name in (id_header, token_header)]
_VARY: Final = (b"vary", b", ".join([*_OPENERS, b"authorization", b"cookie", b"origin"]))


_log: Any = structlog.get_logger("largesse.http")


class ClientGone(Exception):
    """The request ended before it was whole. The server says the same whether its client hung up, which is no error of
    ours and mostly heard by nobody, or sent chunks that can't be read and waits for an answer.
    """


class Reply(NamedTuple):
    """An answer of the bare route, and of every error. The edge adds the headers that all answers have."""

    status: int
    body: bytes
    headers: Headers = []  # noqa: RUF012  # never changed in place


class Exchange:
    """One request and what is known about it so far."""

    __slots__ = ("allowance", "caller", "headers", "held_bytes", "is_known", "method", "path", "query", "request_id",
                 "route", "scope", "services", "started", "status")  # fmt: skip

    def __init__(self, services: Services, scope: Scope) -> None:
        self.services = services
        self.scope = scope
        self.method: str = scope["method"]
        self.path = _path(scope)
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = services.ids.new("v-")
        self.started = time.perf_counter()
        self.caller: Caller | None = None
        self.allowance: Allowance | None = None
        self.is_known = False  # whether a credential of the request was found to be good
        self.route = ""
        self.query: Query | None = None  # once it was read
        self.status = 0
        self.held_bytes = 0  # of its body, while it is more than one piece

    def header(self, name: bytes) -> str:
        """The value, or "" when it isn't there."""
        return self.headers.get(name, b"").decode("latin-1")


def _path(scope: Scope) -> str:
    """Raw: %2F stays inside its segment. Not every server gives it. A slash at the end says nothing, and some clients
    put one: what is looked up by the path, the kind of its rate limit too, must not depend on it.
    """
    raw = scope.get("raw_path")
    path: str = raw.partition(b"?")[0].decode("latin-1") if raw else scope["path"]
    if path.endswith("/") and path not in _PREFIXES:
        return path.rstrip("/") or "/"
    return path


async def converse(exchange: Exchange, receive: Receive, send: Send, handle: Handle) -> None:
    """Run `handle` and answer, whatever happens. It returns a Reply, or None when it has sent an answer itself."""
    with exchange.services.metrics.in_flight.track_inprogress():
        try:
            reply = await handle(exchange, receive, _complete(exchange, send))
        except (ClientGone, ClientDisconnect):
            _leave_last_words(exchange)
            reply = None
        except Exception as error:
            reply = reply_to_error(exchange, error)
            if exchange.status:  # an answer has begun: all that is left is to cut the connection
                finish(exchange)
                raise
        finally:
            exchange.services.large_bodies.release(exchange.held_bytes)
        if reply is not None:
            await send_reply(exchange, send, reply)
        finish(exchange)


def _leave_last_words(exchange: Exchange) -> None:
    """For `LastWords`: 400, should somebody still listen."""
    if not exchange.status:
        reply = reply_to_error(exchange, InvalidPayload("The body is cut short, or its chunks can't be read"))
        exchange.scope[LAST_WORDS] = _messages(exchange, reply)
    exchange.status = CLIENT_GONE_STATUS


class LastWords:
    """An application that answers a request which ended before it was whole. Its server would answer 500 by itself,
    though the fault is the client's.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
        for message in scope.get(LAST_WORDS, ()):
            await send(message)


async def admit(exchange: Exchange) -> None:
    """Authentication, rate limit, scope and Accept of an API path. Raises the error to answer."""
    await authenticate(exchange)
    limit_rate(exchange)
    check_scope(exchange)
    check_accept(exchange)


async def authenticate(exchange: Exchange) -> None:
    """Know the caller by the pair of headers that belongs to the path, else by an access token. Raises Unauthorized.

    Where there are both the pair decides, also when it is wrong and the token is good.
    """
    for prefix, id_header, token_header, kinds in _CREDENTIALS:
        if exchange.path.startswith(prefix):
            app_id, token = exchange.header(id_header), exchange.header(token_header)
            if not app_id and not token:
                exchange.caller = await _bearer(exchange, id_header, token_header)
                exchange.is_known = True
                return
            _check_pair({id_header: app_id, token_header: token})
            caller = await exchange.services.keys.resolve(app_id, token)
            if caller.kind not in kinds:
                raise Unauthorized.opens_nothing()
            check_address(exchange, caller)
            if caller.kind == CLIENT and caller.project is not None:
                check_origin(exchange, caller.project)
            exchange.caller = caller
            exchange.is_known = True
            return
    raise Unauthorized.opens_nothing()


def _check_pair(pair: dict[bytes, str]) -> None:
    """Raises Unauthorized for half a pair, and for what can't be an id or a token of ours."""
    for name, value in pair.items():
        if not value:
            raise Unauthorized(f"The header {_shown(name)} is missing")
        if not (value.isascii() and value.isprintable() and len(value) <= CREDENTIAL_LENGTH_MAX):
            raise Unauthorized(
                f"The header {_shown(name)} is malformed: up to {CREDENTIAL_LENGTH_MAX} printable ASCII characters"
            )


def _shown(header: bytes) -> str:
    return header.decode().title()


async def _bearer(exchange: Exchange, id_header: bytes, token_header: bytes) -> Caller:
    """The holder of the access token. Raises Unauthorized where none opens, above all not where tokens are made."""
    given = exchange.header(b"authorization")
    takes_tokens = exchange.path.startswith(_TOKEN_PREFIXES) and not exchange.path.startswith(_OAUTH)
    if not given or not takes_tokens:
        raise Unauthorized(f"The headers {_shown(id_header)} and {_shown(token_header)} are missing")
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("The header Authorization is malformed: it must be Bearer and an access token")
    caller = await exchange.services.keys.resolve_token(token.strip())
    check_address(exchange, caller)
    return caller


def check_address(exchange: Exchange, caller: Caller) -> None:
    """Whether the key may call from there: the connection's address counts, no header. Raises Forbidden."""
    client = exchange.scope.get("client")
    if caller.networks is not None and not is_allowed(caller.networks, client[0] if client else ""):
        raise Forbidden("The key is not allowed from this address")


def check_scope(exchange: Exchange) -> None:
    """Whether the caller's token, and its key, open the path. Raises Forbidden."""
    caller = exchange.caller
    if caller is None:
        return
    if caller.scopes is not None and not opens(caller.scopes, exchange.method, exchange.path):
        raise Forbidden("The access token has no scope that opens this path")
    is_oauth = exchange.path.startswith(_OAUTH)  # what a token opens is bounded by its key's scopes anyway
    if caller.key_scopes is not None and not is_oauth and not opens(caller.key_scopes, exchange.method, exchange.path):
        raise Forbidden("The key has no scope that opens this path")


def check_permission(exchange: Exchange, *, writes: bool) -> None:
    """Whether the role of the caller's key allows what the route does. Raises MissingRequiredPermission."""
    if writes and exchange.caller is not None and exchange.caller.role == VIEWER:
        raise MissingRequiredPermission


def check_origin(exchange: Exchange, project: Project) -> None:
    """Client-side keys lie open in pages: only the project's own sites may use them. Raises Forbidden."""
    origin = exchange.header(b"origin")
    if not project.allows_origin(origin):
        raise Forbidden(f"Origin {origin[:PATH_LOGGED_MAX]} is not allowed" if origin else "Header origin is required")


def check_kind(exchange: Exchange, kinds: frozenset[str]) -> None:
    """Whether the caller's kind of key may use a route. Raises Forbidden or IntegrationApiKeyRequired.

    A server key's token may use every route that its scopes open.
    """
    caller = exchange.caller
    if caller is None or caller.kind in kinds or (caller.scopes is not None and caller.kind in SERVER_KEYS):
        return
    if kinds == INTEGRATION_KEYS:
        raise IntegrationApiKeyRequired
    if caller.kind in INTEGRATION_KEYS:
        raise Forbidden("An integration key opens only the operations that are made for integrations")


def limit_rate(exchange: Exchange) -> None:
    """Count the call. Raises TooManyRequests."""
    if exchange.caller is None:
        return
    kind = BULK_API_CALLS if exchange.path.endswith(_BULK_ENDINGS) else API_CALLS
    exchange.allowance = exchange.services.rates.take(exchange.caller.app_id, kind)
    if exchange.allowance.exceeded:
        raise TooManyRequests


def check_accept(exchange: Exchange) -> None:
    """Only JSON can be had. Raises NotAcceptable."""
    accept = exchange.header(b"accept")
    if accept in {"", "*/*", "application/json"}:
        return
    for part in accept.split(","):
        media, _, parameters = part.partition(";")
        if media.strip().lower() in {"*/*", "application/*", "application/json"} and not _refuses(parameters):
            return
    raise NotAcceptable("Only application/json can be served")


def _refuses(parameters: str) -> bool:
    return parameters.replace(" ", "").lower() in {"q=0", "q=0.0", "q=0.00", "q=0.000"}


def check_content_type(exchange: Exchange, allowed: Iterable[str] = (JSON_TYPE,)) -> None:
    """Raises UnsupportedMediaType. Nothing said means JSON."""
    sent = exchange.header(b"content-type").lower()
    media, _, parameters = sent.partition(";")
    charset = parameters.replace(" ", "").replace('"', "").partition("charset=")[2]
    if (media and media.strip() not in allowed) or (charset and charset not in {"utf-8", "utf8", "us-ascii"}):
        raise UnsupportedMediaType(f"Only {' and '.join(allowed)} in UTF-8 is understood")
    encoding = exchange.header(b"content-encoding").lower()
    if encoding not in {"", "identity"}:
        raise UnsupportedMediaType(f"Content-Encoding {encoding} is not supported")


def is_python_client(exchange: Exchange) -> bool:
    """The official Python client sends `None` and explicit nulls for what isn't set."""
    return exchange.header(b"user-agent").startswith(_PYTHON_CLIENT)


def preflight(exchange: Exchange) -> Reply | None:
    """The answer to a browser's question whether it may call; None when this isn't one."""
    if exchange.method != "OPTIONS" or b"access-control-request-method" not in exchange.headers:
        return None
    asked = exchange.headers.get(b"access-control-request-headers", b"*")
    headers = [
        (b"access-control-allow-methods", b"GET, POST, PUT, DELETE"),
        (b"access-control-allow-headers", asked),
        (b"access-control-max-age", _PREFLIGHT_AGE_S),
        (b"vary", b"Access-Control-Request-Headers"),
    ]
    return Reply(204, b"", headers)


def foreseen(exchange: Exchange, error: Exception) -> LargesseError:
    """What is said about an error. What nobody foresaw is logged with its traceback and answered without.

    Raises ClientGone again: that is neither, whatever it came through.
    """
    if isinstance(error, ClientGone | ClientDisconnect):
        raise error
    if isinstance(error, LargesseError):
        return error
    if is_unavailable(error):
        _log.warning("database_unavailable", request_id=exchange.request_id, exc_info=error)
        return Unavailable()
    _log.error("unexpected_error", request_id=exchange.request_id, exc_info=error)
    return LargesseError()


def reply_to_error(exchange: Exchange, error: Exception) -> Reply:
    """Turn what was raised into an answer."""
    error = foreseen(exchange, error)
    headers: Headers = []
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    if isinstance(error, TooManyRequests) and exchange.allowance is not None and exchange.allowance.exceeded:
        wait_s = max(1, exchange.allowance.retry_at - int(time.time()))
        headers.append((b"retry-after", b"%d" % wait_s))
        headers.append((b"x-rate-limit-type", exchange.allowance.kind.encode()))
    elif error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_s))
    return Reply(error.status, msgspec.json.encode(render_error(error, exchange.request_id)), headers)


def common_headers(exchange: Exchange, own: Iterable[tuple[bytes, bytes]] = ()) -> Headers:
    """What every answer carries. `own`: the headers that it has already.

    No cache on the way may keep an answer, an error neither, unless its route says how long: most need a credential,
    and a shared cache doesn't know which of the headers in `Vary` are one.
    """
    allowance = exchange.allowance or exchange.services.rates.untouched()
    headers = [
        (b"x-request-id", exchange.request_id.encode()),
        (b"x-rate-limit-limit", b"%d" % allowance.limit),
        (b"x-rate-limit-remaining", b"%d" % allowance.remaining),
        (b"x-rate-limit-retry", b"%d" % allowance.retry_at),
    ]
    if any(name == b"cache-control" for name, _ in own):
        headers.append((b"vary", b"Origin"))  # which says whether the headers below are there
    else:
        headers += [_NO_STORE, _VARY]
    if b"origin" in exchange.headers:
        headers += [_ANY_ORIGIN, _EXPOSED]
    return headers


async def send_reply(exchange: Exchange, send: Send, reply: Reply) -> None:
    exchange.status = reply.status
    for message in _messages(exchange, reply):
        await send(message)


def _messages(exchange: Exchange, reply: Reply) -> tuple[Message, Message]:
    headers = [*reply.headers, *common_headers(exchange, reply.headers)]
    if reply.body:
        headers += [_JSON, (b"content-length", b"%d" % len(reply.body))]
    body = b"" if exchange.method == "HEAD" else reply.body
    return (
        {"type": "http.response.start", "status": reply.status, "headers": headers},
        {"type": "http.response.body", "body": body},
    )


def _complete(exchange: Exchange, send: Send) -> Send:
    """A `send` for routes that answer themselves: adds the common headers, leaves the body of HEAD away."""

    async def complete(message: Message) -> None:
        if message["type"] == "http.response.start":
            exchange.status = message["status"]
            own = message.get("headers", ())
            message = {**message, "headers": [*own, *common_headers(exchange, own)]}
        elif exchange.method == "HEAD":
            message = {**message, "body": b""}
        await send(message)

    return complete


def finish(exchange: Exchange) -> None:
    """Metrics and the log line: never a token, a body or a query string."""
    seconds = time.perf_counter() - exchange.started
    method = exchange.method if exchange.method in METHODS else "other"
    exchange.services.metrics.observe(method, exchange.route, exchange.status, seconds)
    caller = exchange.caller
    _log.info(
        "request",
        request_id=exchange.request_id,
        method=exchange.method,
        path=exchange.path[:PATH_LOGGED_MAX],
        status=exchange.status,
        duration_ms=round(seconds * 1000, 2),
        app_id=caller.app_id if caller else None,
        project=caller.project.public_id if caller and caller.project else None,
    )
