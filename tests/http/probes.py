"""A small resource for the platform's tests: one route of each kind that resources have."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from largesse.domain.errors import NotFound
from largesse.http.requests import path_parameter, read_body, read_query, respond, unit_of_work
from largesse.http.routing import Route
from largesse.wire.dates import Date, DateTime
from largesse.wire.metadata import Metadata


class Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    count: Annotated[int, msgspec.Meta(ge=1, le=50)] | None = None


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What bodies of this API are made of."""

    customer: str | dict[str, Any]
    campaign: Part | str | None = None
    kind: Literal["A", "B"] | None = None
    ratio: float | None = None
    active: bool = True
    starts: DateTime | msgspec.UnsetType | None = msgspec.UNSET
    born: Date | None = None
    parts: Annotated[list[Part], msgspec.Meta(max_length=3)] = []
    days: list[int] | None = None
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=5, pattern="^[a-z]*$")] | None = None
    metadata: Metadata | None = None


async def create_probe(request: Request) -> Response:
    """Answer what was understood."""
    return respond(await read_body(request, Probe))


async def list_probes(request: Request) -> Response:
    query = read_query(request)
    page = query.page(orders=("id", "created_at"), page_max=100)
    query.check()
    return respond(page)


async def get_probe(request: Request) -> Response:
    return respond({"code": path_parameter(request, "code")})


async def run_statement(request: Request) -> Response:
    """Whatever a statement does to its connection."""
    async with unit_of_work(request) as scope:
        return respond({"value": await scope.connection.fetchval((await request.body()).decode())})


async def refuse(_request: Request) -> Response:
    raise NotFound.of("voucher", "no such")


async def fail(_request: Request) -> Response:
    raise ZeroDivisionError("the secret of the house")


async def stream_and_fail(_request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise ZeroDivisionError

    return StreamingResponse(parts())


async def read_raw(request: Request) -> Response:
    return respond(len(await request.body()))


PROBES = [
    Route("/v1/probes", create_probe, methods=["POST"], body=Probe, answer=Probe, errors=[NotFound]),
    Route("/v1/probes", list_probes, methods=["GET"], query={"limit": {"type": "integer"}}),
    Route("/v1/probes/{code}", get_probe, methods=["GET"]),
    Route("/v1/probes/refusing", refuse, methods=["POST"]),
    Route("/v1/probes/streaming", stream_and_fail, methods=["GET"]),
    Route("/v1/probes/raw", read_raw, methods=["POST"]),
    Route("/v1/probes/failing", fail, methods=["POST"]),
    Route("/v1/probes/statement", run_statement, methods=["POST"]),
    Route("/v1/probes/integration", list_probes, methods=["GET"], keys=frozenset({"integration"})),
    Route("/open-probes", create_probe, methods=["POST"]),
]
