"""The developers' corner: keys, the event log, the audit, and the API's operations with curl."""

from collections import defaultdict
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from starlette.responses import Response

from largesse.actions import audits
from largesse.actions import keys as actions
from largesse.dashboard import words
from largesse.dashboard.clocks import moment_of
from largesse.dashboard.forms import Form
from largesse.dashboard.routing import Page
from largesse.dashboard.view import View
from largesse.domain.async_actions import PROJECT_AUDIT
from largesse.domain.errors import InvalidQueryParams, NotFound
from largesse.domain.keys import CLIENT, INTEGRATION, SERVER, VIEWER, ListedKey
from largesse.domain.tokens import SCOPES
from largesse.domain.users import ADMIN
from largesse.events.payloads import LOGGED, shown
from largesse.http.openapi import describe
from largesse.http.routes import all_routes
from largesse.store.async_actions import list_actions_of
from largesse.store.events import BEGINNING, Cursor, before_last, page_of_events
from largesse.store.keys import list_keys
from largesse.store.provenance import name_actors
from largesse.wire.events import parse_cursor, render_cursor
from largesse.wire.keys import KeyInput
from largesse.wire.parse import parse_value

EVENTS: Final = 25
REVOKE: Final = "revoke"
ROTATE: Final = "rotate"
EXAMPLE_DEPTH_MAX: Final = 4
KEYS: Final = (
    (SERVER, "Server", "opens everything; keep it on your server"),
    (CLIENT, "Client-side", "for pages: opens little, and only from your sites"),
    (INTEGRATION, "Integration", "opens publishing by a link (GET /v1/publications/create)"),
)


async def keys(view: View) -> Response:
    return await _keys(view, Form.of(type=SERVER))


async def _keys(view: View, form: Form, status: int = 200, *, made: tuple[str, str] | None = None) -> Response:
    """`made`: a key and its token, shown on this page and never again."""
    async with view.connection() as connection:
        found = await list_keys(connection, view.project)
    return view.page(
        "keys.html", status, keys=found, form=form, made=made, kinds=KEYS, scopes=sorted(SCOPES), now=datetime.now(UTC)
    )


async def create_key(view: View) -> Response:
    form = await view.form()
    body = {
        "type": form.text("type"),
        "name": form.given("name"),
        "role": VIEWER if form.checked("reads_only") else None,
        "scopes": form.all("scopes") or None,
        "allowed_ips": form.text("allowed_ips").split() or None,
        "expires_at": moment_of(form, "expires_at", view.project.time_zone),
    }
    if not form.is_refused:
        with form.refusing():
            sent = parse_value(body, KeyInput)
            async with view.connection() as connection:
                key, token = await actions.create_key(
                    connection, view.project, kind=sent.type or SERVER, name=sent.name or "", limits=sent.limits()
                )
            return await _keys(view, Form.of(type=SERVER), made=(key.app_id, token))
    return await _keys(view, form, 400)


async def ask_to_end(view: View) -> Response:
    """The key, or its token."""
    return view.page("key_end.html", key=await _key(view), form=Form(), how=_how(view))


async def end_key(view: View) -> Response:
    form, key, how = await view.form(), await _key(view), _how(view)
    name = key.name or key.app_id
    if not form.confirms(name):
        return view.page("key_end.html", 400, key=key, form=form, how=how)
    async with view.connection() as connection:
        if how == ROTATE:
            _, token = await actions.rotate_key(connection, key.app_id, view.project)
        else:
            await actions.revoke_key(connection, key.app_id, view.project)
    if how == ROTATE:
        return await _keys(view, Form.of(type=SERVER), made=(key.app_id, token))
    return view.go("/developers", f"The key {name} opens nothing any more.")


def _how(view: View) -> str:
    """REVOKE or ROTATE: where the path ends."""
    return view.exchange.path.rpartition("/")[2]


async def _key(view: View) -> ListedKey:
    async with view.connection() as connection:
        return await actions.get_key(connection, view.parameter("app_id"), view.project)


async def events(view: View) -> Response:
    """The newest, or from a place in the log on; the address of a place stays the same."""
    query = view.query
    type_ = query.choice("type", sorted(LOGGED)) if query.text("type") else None
    query.check()
    async with view.work() as scope:
        connection, project_id = scope.connection, scope.project.id
        place = query.text("after")
        if place is None:
            after = BEGINNING if type_ else await before_last(connection, project_id, EVENTS)
        elif (parsed := parse_cursor(place)) is None:
            raise InvalidQueryParams("That is no place in the log")
        else:
            after = Cursor(*parsed)
        found, end, has_more = await page_of_events(connection, project_id, after, EVENTS, type=type_)
        names = await name_actors(connection, project_id, [one.actor for one in found])
    return view.page(
        "events.html", found=found, names=names, shown=shown, type=type_, types=sorted(LOGGED), place=place,
        end=render_cursor(end), has_more=has_more, cursor=render_cursor, words=words,
    )  # fmt: skip


async def audit(view: View) -> Response:
    """What came of the latest one."""
    async with view.work() as scope:
        found = await list_actions_of(scope.connection, scope.project.id, [PROJECT_AUDIT], 1)
    return view.page("audit.html", audit=found[0] if found else None)


async def begin_audit(view: View) -> Response:
    await view.form()
    async with view.work() as scope:
        running = await list_actions_of(scope.connection, scope.project.id, [PROJECT_AUDIT], 1)
        if not running or running[0].finished:
            await audits.start_audit(scope)
    return view.go("/developers/audit")


@cache
def _document() -> dict[str, Any]:
    """Our OpenAPI, made once."""
    return describe(all_routes())


@cache
def _resources() -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """The operations by resource: method, path and what is described of it."""
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = defaultdict(list)
    for path, operations in _document()["paths"].items():
        surface, _, rest = path.strip("/").partition("/")
        name = rest.partition("/")[0] if surface == "v1" else surface
        found[name] += [(method.upper(), path, operation) for method, operation in operations.items()]
    return dict(sorted(found.items()))


async def explorer(view: View) -> Response:
    wanted = view.query.text("resource") or "publications"
    if wanted not in _resources():
        raise NotFound.of("resource", wanted)
    operations = [(method, path, one, _example_body(one)) for method, path, one in _resources()[wanted]]
    return view.page("explorer.html", resources=list(_resources()), wanted=wanted, operations=operations)


def _example_body(operation: dict[str, Any]) -> Any:
    """What could be sent, by the schema; None where nothing is."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return None if schema is None else _example(schema, EXAMPLE_DEPTH_MAX)


def _example(schema: dict[str, Any], depth: int) -> Any:
    """A value of a schema: its first choice, its needed properties, or the first few of its own."""
    if "$ref" in schema:
        return _example(_document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], depth)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return _example(next((one for one in schema[name] if one.get("type") != "null"), {}), depth)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        wanted = schema.get("required") or list(properties)[:6]
        return {name: _example(properties.get(name, {}), depth - 1) for name in wanted} if depth else {}
    if kind == "array":
        return [_example(schema.get("items", {}), depth - 1)] if depth else []
    return {"integer": 1, "number": 10, "boolean": True, "null": None}.get(str(kind), _text(schema))


def _text(schema: dict[str, Any]) -> str:
    return {"date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01"}.get(schema.get("format", ""), "…")


PAGES = [
    Page("/developers", keys, role="user"),
    Page("/developers", create_key, methods=["POST"], role=ADMIN),
    *(Page(f"/developers/keys/{{app_id}}/{how}", ask_to_end, role=ADMIN) for how in (REVOKE, ROTATE)),
    *(Page(f"/developers/keys/{{app_id}}/{how}", end_key, methods=["POST"], role=ADMIN) for how in (REVOKE, ROTATE)),
    Page("/developers/events", events),
    Page("/developers/audit", audit),
    Page("/developers/audit", begin_audit, methods=["POST"]),
    Page("/developers/api", explorer),
]
