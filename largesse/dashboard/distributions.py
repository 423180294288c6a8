"""Distributions: built, tried without doing anything, sent, watched, and put right."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.responses import Response, StreamingResponse

from largesse.actions import distribution_messages as messages
from largesse.actions import distributions as actions
from largesse.actions.dry_runs import try_saved, write
from largesse.actions.scope import Scope
from largesse.dashboard import words
from largesse.dashboard.distribution_forms import (
    ACTIONS,
    CHANNELS,
    EXHAUSTED,
    TRIGGERS,
    body_of,
    fields_of,
    form_of,
)
from largesse.dashboard.downloads import without_formulas
from largesse.dashboard.forms import SERVERS_FAULT, Form
from largesse.dashboard.listing import ROWS, Listing
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.distributions import (
    DRAFT,
    EDITABLE,
    FAIL,
    IN_PROGRESS,
    MESSAGE_STATES,
    PAUSED,
    PUBLISH,
    STATUSES,
    TO_SEND,
    Distribution,
    Message,
)
from largesse.domain.errors import InvalidDistribution, LargesseError
from largesse.http.distribution_messages import file_of
from largesse.store import customers
from largesse.store import distribution_messages as messages_store
from largesse.store import distributions as store
from largesse.store.campaigns import list_campaigns
from largesse.store.lists import Narrowing
from largesse.store.provenance import name_actors
from largesse.store.segments import list_segments
from largesse.wire.distributions import DistributionInput
from largesse.wire.lists import present
from largesse.wire.parse import parse_value

PAGES_MAX: Final = 1_000
CHOICES: Final = 100
SAMPLES: Final = 3
ACTIVITY: Final = 20
ORDERS: Final = ("created_at", "name")
TRIED: Final = frozenset({DRAFT, TO_SEND, PAUSED})
UNDER_WAY: Final = frozenset({TO_SEND, IN_PROGRESS})


async def list_(view: View) -> Response:
    query = view.query
    page = query.page(orders=ORDERS, page_max=PAGES_MAX)
    status = query.choice("status", STATUSES) if query.text("status") else None
    query.check()
    order = ("-" if page.descending else "") + page.order
    narrowing = Narrowing(present(status=status))
    async with view.work() as scope:
        total = await store.count_distributions(scope.connection, scope.project, narrowing)
        found = await store.list_distributions(
            scope.connection, scope.project, narrowing, order=order, limit=ROWS, offset=(page.page - 1) * ROWS
        )
    listing = Listing(view, found, page=page.page, total=total, order=order, page_max=PAGES_MAX)
    return view.page("distributions.html", listing=listing, wanted=status, statuses=STATUSES, triggers=TRIGGERS)


async def new(view: View) -> Response:
    campaign = view.query.text("campaign_id") or view.query.text("campaign")
    by_mail = view.services.sends_mail
    form = Form.of(action=PUBLISH, count=1, when_exhausted=FAIL, email=by_mail, csv=not by_mail, campaign=campaign,
                   customer=view.query.text("customer"))  # fmt: skip
    return await _form(view, form)


async def create(view: View) -> Response:
    form = await view.form()
    body = body_of(form, None)
    if not form.is_refused:
        with form.refusing(fields_of(form)):
            sent = await actions.judge(view.project.id, parse_value(body, DistributionInput))
            async with view.work() as scope:
                made = await actions.create_distribution(scope, sent, view.services.vault)
            return view.go(f"/distributions/{made.id}", "The draft is kept. Look below at what it would do.")
    return await _form(view, form, status=400)


async def edit(view: View) -> Response:
    distribution = await _find(view)
    return await _form(view, form_of(distribution), distribution)


async def update(view: View) -> Response:
    form, distribution = await view.form(), await _find(view)
    body = body_of(form, distribution)
    if not form.is_refused:
        with form.refusing(fields_of(form)):
            sent = await actions.judge(view.project.id, parse_value(body, DistributionInput))
            async with view.work() as scope:
                await actions.update_distribution(scope, distribution.id, sent, view.services.vault)
            return view.go(f"/distributions/{distribution.id}", "The distribution was changed.")
    return await _form(view, form, distribution, 400)


async def _form(view: View, form: Form, distribution: Distribution | None = None, status: int = 200) -> Response:
    async with view.work() as scope:
        campaigns = await list_campaigns(
            scope.connection, scope.project, Narrowing(), order="-created_at", limit=CHOICES, offset=0
        )
        segments = await list_segments(
            scope.connection, scope.project, Narrowing(), order="-created_at", limit=CHOICES, offset=0
        )
    return view.page(
        "distribution_form.html", status, form=form, distribution=distribution, triggers=list(TRIGGERS.items()),
        actions=ACTIONS, exhausted=EXHAUSTED, channels=CHANNELS,
        campaigns=[("", "—"), *((one.id, one.name) for one in campaigns)],
        segments=[("", "Everybody"), *((one.id, one.name) for one in segments)],
        chosen_segments=[("", "—"), *((one.id, one.name) for one in segments)],
    )  # fmt: skip


async def show(view: View) -> Response:
    return await _show(view)


async def _show(view: View, problem: str = "", status: int = 200) -> Response:
    """With the dry run in front of the button as long as nothing has been sent."""
    query = view.query
    state = query.choice("state", MESSAGE_STATES) if query.text("state") else None
    query.check()
    tried: dict[str, Any] | None = None
    why_not = ""
    async with view.work() as scope:
        distribution = await actions.get_distribution(scope, view.parameter("distribution_id"))
        project_id = scope.project.id
        narrowing = Narrowing({"distribution_id": distribution.id} | present(state=state))
        values: dict[str, Any] = {
            "numbers": await messages.statistics_of(scope, distribution.id),
            "activity": await store.list_activity(
                scope.connection, project_id, distribution.id, limit=ACTIVITY, offset=0
            ),
            "sent": await messages_store.list_messages(
                scope.connection, scope.project, narrowing, order="-created_at", limit=ROWS, offset=0
            ),
            "sent_total": await messages_store.count_messages(scope.connection, scope.project, narrowing),
        }
        names = await name_actors(scope.connection, project_id, [line["actor"] for line in values["activity"]])
        people = await customers.list_customers(
            scope.connection, scope.project, Narrowing({"customer_ids": [one.customer_id for one in values["sent"]]}),
            order="-created_at", limit=ROWS, offset=0,
        )  # fmt: skip
    if distribution.status in TRIED and distribution.is_manual and distribution.started_at is None:
        tried, why_not = await _try(view, distribution)
    return view.page(
        "distribution.html", status, distribution=distribution, state=state, states=MESSAGE_STATES, tried=tried,
        why_not=why_not, problem=problem, names=names, words=words, people={one.id: one for one in people},
        triggers=TRIGGERS, channels=CHANNELS, actions={type_: says for type_, says, _ in ACTIONS},
        editable=distribution.status in EDITABLE, under_way=distribution.status in UNDER_WAY, **values,
    )  # fmt: skip


async def _try(view: View, distribution: Distribution) -> tuple[dict[str, Any] | None, str]:
    """What it would do; or what it lacks still."""
    try:
        async with view.work() as scope:
            found = await try_saved(scope, distribution.id, SAMPLES, 0)
        return await write(found), ""
    except LargesseError as error:
        if error.status >= SERVERS_FAULT:
            raise
        return None, error.details or error.message


async def _act(view: View, act: Callable[[Scope, str], Awaitable[Any]], notice: str) -> Response:
    await view.form()
    distribution_id = view.parameter("distribution_id")
    try:
        async with view.work() as scope:
            await act(scope, distribution_id)
    except InvalidDistribution as error:
        return await _show(view, error.details or error.message, 400)
    return view.go(f"/distributions/{distribution_id}", notice)


async def send(view: View) -> Response:
    """In ten minutes."""
    return await _act(
        view,
        lambda scope, id_: actions.schedule_distribution(scope, id_, now=False),
        "It is under way. Until it begins it can be changed and stopped.",
    )


async def send_now(view: View) -> Response:
    return await _act(view, lambda scope, id_: actions.schedule_distribution(scope, id_, now=True), "It is being sent.")


async def pause(view: View) -> Response:
    return await _act(view, actions.pause_distribution, "It is stopped. What was being sent at this moment still goes.")


async def resume(view: View) -> Response:
    return await _act(view, actions.resume_distribution, "It goes on.")


async def retry(view: View) -> Response:
    return await _act(
        view, lambda scope, id_: messages.retry_failed(scope, id_, None), "The failed messages are tried again."
    )


async def decide(view: View) -> Response:
    """Of a message of which nobody knows whether it arrived."""
    form = await view.form()
    act: Callable[[Scope, str, str], Awaitable[Message]] = messages.release_message
    notice = "Its code is free again."
    if form.text("it") == "arrived":
        act, notice = messages.confirm_message, "Its code is published."
    distribution_id = view.parameter("distribution_id")
    async with view.work() as scope:
        await act(scope, distribution_id, view.parameter("message_id"))
    return view.go(f"/distributions/{distribution_id}", notice)


async def download(view: View) -> Response:
    """The file of the csv channel, for a spreadsheet."""
    distribution = await _find(view)
    lines = file_of(view.connected, view.project.id, distribution.id)
    headers = {"content-disposition": f'attachment; filename="{distribution.id}.csv"'}
    return StreamingResponse(without_formulas(lines), media_type="text/csv; charset=utf-8", headers=headers)


async def ask_to_delete(view: View) -> Response:
    return view.page("distribution_delete.html", distribution=await _find(view), form=Form())


async def delete(view: View) -> Response:
    form, distribution = await view.form(), await _find(view)
    if form.confirms(distribution.name):
        with form.refusing():
            async with view.work() as scope:
                await actions.delete_distribution(scope, distribution.id)
            return view.go("/distributions", f"{distribution.name} was deleted. What it published stays published.")
    return view.page("distribution_delete.html", 400, distribution=distribution, form=form)


async def _find(view: View) -> Distribution:
    async with view.work() as scope:
        return await actions.get_distribution(scope, view.parameter("distribution_id"))


ONE: Final = "/distributions/{distribution_id}"

PAGES = [
    Page("/distributions", list_),
    Page("/distributions/new", new, role="user"),
    Page("/distributions/new", create, methods=["POST"]),
    Page(ONE, show),
    Page(ONE + "/file", download),
    Page(ONE + "/edit", edit, role="user"),
    Page(ONE + "/edit", update, methods=["POST"]),
    Page(ONE + "/send", send, methods=["POST"]),
    Page(ONE + "/send-now", send_now, methods=["POST"]),
    Page(ONE + "/pause", pause, methods=["POST"]),
    Page(ONE + "/resume", resume, methods=["POST"]),
    Page(ONE + "/retry", retry, methods=["POST"]),
    Page(ONE + "/messages/{message_id}", decide, methods=["POST"]),
    Page(ONE + "/delete", ask_to_delete, role="user"),
    Page(ONE + "/delete", delete, methods=["POST"]),
]
