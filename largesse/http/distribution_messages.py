"""The messages of a distribution: what became of each, and what people do about it."""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from largesse.actions import distribution_messages as messages
from largesse.actions.distributions import get_distribution
from largesse.actions.scope import Scope
from largesse.domain.distributions import CHANNELS, MESSAGE_STATES, Message
from largesse.domain.errors import InvalidDistribution, InvalidQueryParams, NotFound
from largesse.http.connections import connected, holder_of
from largesse.http.distributions import ONE, PAGE_MAX, id_of
from largesse.http.requests import (
    exchange,
    expect_no_body,
    path_parameter,
    project,
    read_body,
    read_query,
    respond,
    services,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.store import distribution_messages as store
from largesse.store.connection import Connect
from largesse.store.lists import Narrowing
from largesse.wire.distributions import RetryInput, render_message
from largesse.wire.lists import TEXT, page_schema, present

ORDERS: Final = ("created_at",)
FILE_CHUNK: Final = 1_000
"""Messages of a file that are read at once."""


async def list_(request: Request) -> Response:
    """List the messages of a distribution"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    given = present(
        state=query.choice("state", MESSAGE_STATES),
        channel=query.choice("channel", CHANNELS),
        customer_id=query.text("customer_id"),
    )
    query.check()
    async with unit_of_work(request) as scope:
        await messages.check_known(scope, id_of(request))
        narrowing = Narrowing({"distribution_id": id_of(request)} | given)
        found = await store.list_messages(scope.connection, scope.project, narrowing, **page.wanted)
        total = await store.count_messages(scope.connection, scope.project, narrowing)
    data = [render_message(message) for message in found]
    return respond(page.envelope("data", data, total))


async def retry(request: Request) -> Response:
    """Let failed messages go again"""
    sent = await read_body(request, RetryInput)
    async with unit_of_work(request) as scope:
        retried = await messages.retry_failed(scope, id_of(request), sent.messages)
    return respond({"retried": retried, "object": "distribution_retry"})


async def confirm(request: Request) -> Response:
    """A message of unknown outcome has arrived: its code is published"""
    return await _decide(request, messages.confirm_message)


async def release(request: Request) -> Response:
    """A message of unknown outcome hasn't arrived: its code goes back"""
    return await _decide(request, messages.release_message)


async def _decide(request: Request, act: Callable[[Scope, str, str], Awaitable[Message]]) -> Response:
    await expect_no_body(request)
    async with unit_of_work(request) as scope:
        message = await act(scope, id_of(request), path_parameter(request, "message_id"))
    return respond(render_message(message))


async def statistics(request: Request) -> Response:
    """How many messages are in which state, by channel, and why"""
    async with unit_of_work(request) as scope:
        found = await messages.statistics_of(scope, id_of(request))
    return respond(found | {"object": "distribution_statistics"})


async def download(request: Request) -> Response:
    """The file of the csv channel: everybody in it has the code that stands there"""
    async with unit_of_work(request) as scope:
        distribution = await get_distribution(scope, id_of(request))
    headers = {
        "content-disposition": f'attachment; filename="{distribution.id}.csv"',
        "x-content-type-options": "nosniff",
    }
    lines = file_of(
        partial(connected, services(request), holder_of(exchange(request))), project(request).id, distribution.id
    )
    return StreamingResponse(lines, headers=headers, media_type="text/plain; charset=utf-8")


async def file_of(connect: Connect, project_id: int, distribution_id: str) -> AsyncIterator[bytes]:
    """The CSV file, page by page: a slow reader keeps no connection of ours."""
    yield b"Customer ID,Source ID,Name,Email,Phone,Code\n"
    after = ""
    while True:
        async with connect() as connection:
            rows = await store.lines(connection, project_id, distribution_id, after, FILE_CHUNK)
        if not rows:
            return
        after = rows[-1][0]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(row[1:] for row in rows)
        yield text.getvalue().encode()


_QUERY: Final[dict[str, dict[str, Any]]] = page_schema(ORDERS, PAGE_MAX) | {
    "state": {"type": "string", "enum": list(MESSAGE_STATES)},
    "channel": {"type": "string", "enum": list(CHANNELS)},
    "customer_id": TEXT,
}

ROUTES = [
    Route(ONE + "/messages", list_, methods=["GET"], query=_QUERY, errors=[NotFound, InvalidQueryParams]),
    Route(ONE + "/messages/retry", retry, methods=["POST"], body=RetryInput, errors=[NotFound, InvalidDistribution]),
    Route(ONE + "/messages/{message_id}/confirm", confirm, methods=["POST"], errors=[NotFound, InvalidDistribution]),
    Route(ONE + "/messages/{message_id}/release", release, methods=["POST"], errors=[NotFound, InvalidDistribution]),
    Route(ONE + "/file", download, methods=["GET"], errors=[NotFound]),
    Route(ONE + "/statistics", statistics, methods=["GET"], errors=[NotFound]),
]
