"""/v1/distributions: messages that go out by themselves, most with a code. Ours, in the contract's manner."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import distributions, dry_runs
from largesse.actions.distributions import Judged
from largesse.actions.scope import Scope
from largesse.domain.distributions import STATUSES, Distribution
from largesse.domain.errors import (
    DuplicateFound,
    InvalidDistribution,
    InvalidQueryParams,
    LargesseError,
    NotFound,
)
from largesse.http.requests import (
    expect_no_body,
    path_parameter,
    project,
    read_body,
    read_query,
    respond,
    respond_empty,
    services,
    unit_of_work,
)
from largesse.http.routing import Route
from largesse.store import distributions as store
from largesse.store.lists import Narrowing
from largesse.wire.dates import render
from largesse.wire.distributions import DistributionInput, VerbInput, render_distribution
from largesse.wire.lists import Page, page_schema, present

PAGE_MAX: Final = 1_000
ORDERS: Final = ("created_at", "name")
PATH: Final = "/v1/distributions"
ONE: Final = PATH + "/{distribution_id}"


def id_of(request: Request) -> str:
    return path_parameter(request, "distribution_id")


async def create(request: Request) -> Response:
    """Make a distribution: a draft, until it is sent or set live"""
    sent = await _read(request)
    async with unit_of_work(request) as scope:
        made = await distributions.create_distribution(scope, sent, services(request).vault)
    return respond(render_distribution(made))


async def get(request: Request) -> Response:
    """Get a distribution"""
    async with unit_of_work(request) as scope:
        found = await distributions.get_distribution(scope, id_of(request))
    return respond(render_distribution(found))


async def update(request: Request) -> Response:
    """Replace a distribution, as long as it isn't at work"""
    sent = await _read(request)
    async with unit_of_work(request) as scope:
        changed = await distributions.update_distribution(scope, id_of(request), sent, services(request).vault)
    return respond(render_distribution(changed))


async def delete(request: Request) -> Response:
    """Delete a distribution that isn't at work; codes that it holds go back"""
    async with unit_of_work(request) as scope:
        await distributions.delete_distribution(scope, id_of(request))
    return respond_empty()


async def list_(request: Request) -> Response:
    """List distributions"""
    query = read_query(request)
    page = query.page(orders=ORDERS, page_max=PAGE_MAX)
    narrowing = Narrowing(present(status=query.choice("status", STATUSES)))
    query.check()
    async with unit_of_work(request) as scope:
        found = await store.list_distributions(scope.connection, scope.project, narrowing, **page.wanted)
        total = await store.count_distributions(scope.connection, scope.project, narrowing)
    data = [render_distribution(one) for one in found]
    return respond(page.envelope("data", data, total))


async def send(request: Request) -> Response:
    """Send a manual distribution in ten minutes, or `now`; set an automatic one live"""
    sent = await read_body(request, VerbInput)
    async with unit_of_work(request) as scope:
        moved = await distributions.schedule_distribution(scope, id_of(request), now=sent.now)
    return respond(render_distribution(moved))


async def pause(request: Request) -> Response:
    """Stop a distribution for a while"""
    return await _verb(request, distributions.pause_distribution)


async def resume(request: Request) -> Response:
    """Let a paused distribution go on"""
    return await _verb(request, distributions.resume_distribution)


async def _verb(request: Request, act: Callable[[Scope, str], Awaitable[Distribution]]) -> Response:
    await expect_no_body(request)
    async with unit_of_work(request) as scope:
        moved = await act(scope, id_of(request))
    return respond(render_distribution(moved))


async def try_saved(request: Request) -> Response:
    """What a distribution would do now: who gets what, who doesn't and why. Nothing happens"""
    await expect_no_body(request)
    page = _read_page(request)
    async with unit_of_work(request, heavy=True) as scope:
        found = await dry_runs.try_saved(scope, id_of(request), page.limit, page.offset)
    return respond({"object": "distribution_dry_run"} | await dry_runs.write(found))


async def try_unsaved(request: Request) -> Response:
    """The same for a distribution that isn't saved"""
    sent = await _read(request)
    page = _read_page(request)
    async with unit_of_work(request, heavy=True) as scope:
        found = await dry_runs.try_unsaved(scope, sent, services(request).vault, page.limit, page.offset)
    return respond({"object": "distribution_dry_run"} | await dry_runs.write(found))


async def _read(request: Request) -> Judged:
    sent = await read_body(request, DistributionInput)
    return await distributions.judge(project(request).id, sent)


def _read_page(request: Request) -> Page:
    query = read_query(request)
    page = query.page(orders=("created_at",), page_max=PAGE_MAX, by_row=False)
    query.check()
    return page


async def list_activity(request: Request) -> Response:
    """What happened to a distribution, newest first"""
    query = read_query(request)
    page = query.page(orders=("created_at",), page_max=PAGE_MAX, by_row=False)
    query.check()
    async with unit_of_work(request) as scope:
        found = await distributions.get_distribution(scope, id_of(request))
        lines = await store.list_activity(
            scope.connection, scope.project.id, found.id, limit=page.limit, offset=page.offset
        )
        total = await store.count_activity(scope.connection, scope.project.id, found.id)
    data = [line | {"created_at": render(line["created_at"]), "object": "distribution_activity"} for line in lines]
    return respond({"object": "list", "data_ref": "data", "data": data, "total": total})


_LIST_QUERY: Final = page_schema(ORDERS, PAGE_MAX) | {"status": {"type": "string", "enum": list(STATUSES)}}
_ONE: Final[list[type[LargesseError]]] = [NotFound, InvalidDistribution]

ROUTES = [
    Route(PATH, create, methods=["POST"], body=DistributionInput, errors=[*_ONE, DuplicateFound]),
    Route(PATH, list_, methods=["GET"], query=_LIST_QUERY, errors=[InvalidQueryParams]),
    Route(ONE, get, methods=["GET"], errors=[NotFound]),
    Route(ONE, update, methods=["PUT"], body=DistributionInput, errors=[*_ONE, DuplicateFound]),
    Route(ONE, delete, methods=["DELETE"], errors=_ONE),
    Route(ONE + "/send", send, methods=["POST"], body=VerbInput, errors=_ONE),
    Route(ONE + "/pause", pause, methods=["POST"], errors=_ONE),
    Route(ONE + "/resume", resume, methods=["POST"], errors=_ONE),
    Route(
        PATH + "/dry-run",
        try_unsaved,
        methods=["POST"],
        body=DistributionInput,
        query=page_schema(("created_at",), PAGE_MAX, by_row=False),
        errors=[*_ONE, InvalidQueryParams],
        writes=False,
    ),
    Route(
        ONE + "/dry-run",
        try_saved,
        methods=["POST"],
        query=page_schema(("created_at",), PAGE_MAX, by_row=False),
        errors=[*_ONE, InvalidQueryParams],
        writes=False,
    ),
    Route(
        ONE + "/activity",
        list_activity,
        methods=["GET"],
        query=page_schema(("created_at",), PAGE_MAX, by_row=False),
        errors=[NotFound, InvalidQueryParams],
    ),
]
