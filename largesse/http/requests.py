"""What a route needs: the body, the query, the caller, a transaction, an answer."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar, cast
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from largesse.actions.projects import get_record
from largesse.actions.scope import Scope
from largesse.auth.callers import Caller
from largesse.domain.errors import Forbidden, InvalidPayload, InvalidQueryParams, MalformedJson, Unauthorized
from largesse.domain.projects import Project
from largesse.http import bodies, edge
from largesse.http.connections import connected, holder_of
from largesse.http.services import Services
from largesse.store.connection import Connection
from largesse.wire.dates import Date, DateTime, render
from largesse.wire.lists import Query
from largesse.wire.multipart import parse_multipart
from largesse.wire.nulls import Nulls

T = TypeVar("T")

EXCHANGE: Final = "largesse.exchange"
JSON: Final = "application/json; charset=utf-8"
FORM: Final = "multipart/form-data"


def exchange(request: Request) -> edge.Exchange:
    return cast("edge.Exchange", request.scope[EXCHANGE])


def services(request: Request) -> Services:
    return exchange(request).services


def caller(request: Request) -> Caller:
    """Raises Unauthorized on a path that asks for no key."""
    known = exchange(request).caller
    if known is None:
        raise Unauthorized
    return known


def project(request: Request) -> Project:
    """The caller's project. Raises Unauthorized for a management key."""
    known = caller(request).project
    if known is None:
        raise Unauthorized
    return known


def require_scopes(request: Request, needed: Iterable[str]) -> None:
    """For what only the object tells, not its path. Raises Forbidden where the token, or the key, lacks a scope."""
    needed = sorted(needed)
    if not caller(request).may(*needed):
        raise Forbidden(f"This needs the scopes {', '.join(needed)}, too")


async def read_body(request: Request, type_: type[T]) -> T:
    """Read and parse the JSON body. Raises PayloadTooLarge, UnsupportedMediaType, MalformedJson, InvalidPayload."""
    known = exchange(request)
    return await bodies.parse_body(known, await bodies.read_body(known, request.receive), type_)


async def read_form(request: Request) -> dict[str, bytes]:
    """A multipart form with at least a `file`, by the names of its parts.

    Raises InvalidPayload without a file, PayloadTooLarge, UnsupportedMediaType.
    """
    known = exchange(request)
    body = await bodies.read_body(known, request.receive, (FORM,))
    form = parse_multipart(body, known.header(b"content-type"))
    if "file" not in form:
        raise InvalidPayload("Payload must have required property 'file'")
    return form


async def read_rows(request: Request, type_: type[T]) -> list[Any]:
    """A JSON array of `type_` for work in the background: checked row by row, and given back as it was sent.

    Raises what `read_body` raises.
    """
    known = exchange(request)
    body = await bodies.read_body(known, request.receive)
    await bodies.parse_body(known, body, list[type_])  # type: ignore[valid-type]  # a list of whatever was asked for
    try:
        rows: list[Any] = msgspec.json.decode(body)
    except msgspec.DecodeError as error:  # a number beyond all bounds in a field that nobody asked for
        raise MalformedJson from error
    return rows


async def expect_no_body(request: Request) -> None:
    """For operations that say all in their path: what comes along must at least be JSON, and is ignored.

    Raises PayloadTooLarge, UnsupportedMediaType, MalformedJson.
    """
    known = exchange(request)
    if body := await bodies.read_body(known, request.receive):
        await bodies.parse_body(known, body, Any)


def read_query(request: Request) -> Query:
    """The query string, to be read name by name; call its `check` last. Raises QueryTooLarge, InvalidQueryParams."""
    query = Query.parse(request.scope["query_string"], drop_none=edge.is_python_client(exchange(request)))
    exchange(request).query = query
    return query


def nulls_of(request: Request) -> Nulls:
    """What nulls mean in a body of changes."""
    return Nulls.CLEAR_UNLESS_ALL_SENT if edge.is_python_client(exchange(request)) else Nulls.CLEAR


def path_parameter(request: Request, name: str) -> str:
    """Percent-decoded: `%2F` is a slash within the code. Raises InvalidQueryParams for what can't be an identifier."""
    raw = request.path_params[name]
    try:
        text = unquote(raw, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidQueryParams(f"Property .{name} must be percent-encoded UTF-8") from error
    if "\x00" in text:
        raise InvalidQueryParams(f"Property .{name} must not contain NUL characters")
    return text


@asynccontextmanager
async def unit_of_work(request: Request, *, heavy: bool = False) -> AsyncIterator[Scope]:
    """One transaction of the caller's project, committed when the block ends well. Raises Unavailable, TooManyAtOnce.

    `heavy`: it reads what no index answers. A query whose filters do so says it by itself.
    """
    known = exchange(request)
    owner = project(request)
    heavy = heavy or (known.query is not None and known.query.cost > 0)
    async with connected(known.services, holder_of(known), heavy=heavy) as connection, connection.transaction():
        yield Scope(
            connection=connection,
            project=owner,
            ids=known.services.ids,
            request_id=known.request_id,
            actor=caller(request).app_id,
        )


@asynccontextmanager
async def operators_work(request: Request) -> AsyncIterator[Connection]:
    """One transaction of no project: for the management API. Raises Unavailable."""
    known = exchange(request)
    async with connected(known.services, holder_of(known)) as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def work_on_project(request: Request) -> AsyncIterator[Scope]:
    """One transaction of the project that the path names by its id. Raises NotFound, Unavailable."""
    known = exchange(request)
    async with operators_work(request) as connection:
        record = await get_record(connection, path_parameter(request, "project_id"))
        yield Scope(
            connection=connection,
            project=record.project,
            ids=known.services.ids,
            request_id=known.request_id,
            actor=caller(request).app_id,
        )


def respond(data: Any, status: int = 200) -> Response:
    """JSON of Structs, dicts and lists. Moments must be rendered by wire (`dates.render`): msgspec writes a plain
    datetime its own way, with microseconds.
    """
    return Response(msgspec.json.encode(data, enc_hook=_render_other), status, media_type=JSON)


def respond_empty(status: int = 204) -> Response:
    return Response(status_code=status)


def _render_other(value: Any) -> Any:
    if isinstance(value, DateTime):
        return render(value)
    if isinstance(value, Date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
