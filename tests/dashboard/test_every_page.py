"""Every page there is, and those to come: who may open it, what it shows, and what no input makes it do."""

from collections import Counter
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

import httpx
import pytest

from largesse.dashboard import pages
from largesse.dashboard.campaign_words import TYPES
from largesse.dashboard.exports import KINDS
from largesse.dashboard.forms import Form
from largesse.dashboard.pages import all_pages
from largesse.dashboard.routing import Page
from largesse.domain.projects import Project
from largesse.domain.users import ADMIN, USER, VIEWER
from largesse.http.app import App
from largesse.store.connection import Pool
from largesse.wire.lists import Query
from tests.dashboard.conftest import NASTY, Elements, Person, is_harmless, shown, sign_in
from tests.dashboard.world import SIGN_OUT, Forms, Sent, World, make_world, route_of, stored

pytestmark = pytest.mark.timeout(300)

PAGES: Final = all_pages()
GETS: Final = [page for page in PAGES if "GET" in (page.methods or ())]
POSTS: Final = [page for page in PAGES if "POST" in (page.methods or ())]
FOR_EVERYBODY: Final = {"/app/sign-in", SIGN_OUT, "/app/account"}
IN_ORDER: Final = (VIEWER, USER, ADMIN)
CHOSEN: Final = {
    "/app/{project_id}/campaigns/new": [f"type={name}" for name in TYPES],
    "/app/{project_id}/exports/new": [f"object={name}" for name in KINDS],
}
"""Forms that are there once something is chosen."""
LEADS_ON: Final = {"/app/", "/app/sign-in"}
"""Whoever is signed in is led on from there."""


@pytest.fixture
async def world(api: httpx.AsyncClient, dashboard: Person, pool: Pool) -> World:
    return await make_world(api, dashboard, pool)


@pytest.fixture
async def other(app: App, other_api: httpx.AsyncClient, pool: Pool) -> Person:
    """An admin, in another project."""
    row = await pool.fetchrow("SELECT id, public_id, name FROM projects WHERE public_id = 'proj_Other0000000'")
    assert row is not None
    return await sign_in(app, pool, Project(**row), ADMIN)


async def forms_of(person: Person, world: World, of: list[Page]) -> list[Sent]:
    """The forms that are sent, on these pages; and where they lead to with a choice, like a new campaign's type."""
    found: list[Sent] = []
    for page in of:
        path = world.path(page)
        for way in (path, *(f"{path}?{one}" for one in CHOSEN.get(page.path, ()))):
            answer = await person.get(way)
            if answer.headers.get("content-type", "").startswith("text/html"):
                found += [form for form in Forms(answer.text, path).found if form.method == "post"]
    return found


def filled(forms: list[Sent], path: str) -> dict[str, Any]:
    """What the form to `path` holds when nobody has touched it; nothing, if no page shows one."""
    there = [form.fields for form in forms if form.action == path]
    fields = max(there, key=len, default={})
    return {name: texts for name, texts in fields.items() if name != "proof"}


def choices(forms: list[Sent], path: str) -> dict[str, list[str]]:
    """What its fields and buttons offer."""
    return {
        name: those for form in forms if form.action == path for name, those in form.choices.items() if name != "proof"
    }


async def test_nobody_is_led_to_sign_in_and_changes_nothing(world: World, nobody: Person, pool: Pool) -> None:
    before, wrong = await stored(pool), []
    for page in PAGES:
        if page.is_open:
            continue
        for method in (page.methods or set()) - {"HEAD"}:
            answer = await nobody.client.request(method, world.path(page))
            if answer.status_code != 303 or not answer.headers["location"].startswith("/app/sign-in"):
                wrong.append((method, page.path, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert await stored(pool) == before


async def test_a_viewer_reads_everything_and_changes_nothing(world: World, as_viewer: Person, pool: Pool) -> None:
    before, wrong = await stored(pool), []
    for page in GETS:
        answer = await as_viewer.get(world.path(page))
        wanted = 303 if page.path in LEADS_ON else 200 if page.role == VIEWER else 403
        if answer.status_code != wanted:
            wrong.append(("GET", page.path, answer.status_code))
    for page in POSTS:
        if page.path not in FOR_EVERYBODY:
            answer = await as_viewer.post(world.path(page), {"name": "x", "to": "disabled"})
            if answer.status_code != 403:
                wrong.append(("POST", page.path, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert await stored(pool) == before


@pytest.mark.parametrize("role", [VIEWER, USER])
async def test_nobody_is_shown_what_he_may_not_do(
    world: World, app: App, pool: Pool, project: Project, role: str
) -> None:
    """Neither a form nor a link."""
    person = await sign_in(app, pool, project, role)
    shown_to_him, wrong = set(), []
    for page in GETS:
        answer = await person.get(path := world.path(page))
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        ways = [(form.method.upper(), form.action) for form in Forms(answer.text, path).found]
        ways += [("GET", link.partition("?")[0].partition("#")[0] or path) for link in Elements(answer.text).links()]
        for method, way in ways:
            if way.startswith("/app") and not way.startswith("/app/static"):
                route = route_of(method, way)
                shown_to_him.add((method, route.path))
                if IN_ORDER.index(route.role) > IN_ORDER.index(role) and not route.is_open:
                    wrong.append((page.path, method, route.path))
    assert not wrong, "\n".join(map(str, wrong))
    assert len(shown_to_him) > 20


async def test_who_does_not_see_a_project_finds_nothing_of_it(
    world: World, app: App, pool: Pool, project: Project, other: Person
) -> None:
    row = await pool.fetchrow("SELECT id, public_id, name FROM projects WHERE public_id = 'proj_Other0000000'")
    assert row is not None
    before, wrong = await stored(pool, project.id), []
    for role in (USER, VIEWER):
        person = await sign_in(app, pool, Project(**row), role)
        for page in PAGES:
            if not page.in_project:
                continue
            for method in (page.methods or set()) - {"HEAD"}:
                path = world.path(page)
                answer = await (person.post(path, {"name": "x"}) if method == "POST" else person.get(path))
                if answer.status_code != 404:
                    wrong.append((role, method, page.path, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert await stored(pool, project.id) == before


async def test_the_ids_of_another_project_are_not_found(
    world: World, dashboard: Person, other_api: httpx.AsyncClient, other: Person, pool: Pool, project: Project
) -> None:
    """Alone, and below something of the project itself."""
    own = await make_world(other_api, other, pool, kind="o")
    forms = await forms_of(dashboard, world, GETS)
    before, wrong = await stored(pool), []
    for page in PAGES:
        names = [name for name in page.param_convertors if name not in ("project_id", "user_id")]
        if not page.in_project or not names:
            continue
        theirs = {name: world.ids[name] for name in names}
        attempts = [theirs] + [theirs | {names[0]: own.ids[names[0]]}] * (len(names) > 1)
        for ids in attempts:
            path = own.path(page, **ids)
            for method in (page.methods or set()) - {"HEAD"}:
                fields = filled(forms, world.path(page))
                answer = await (other.post(path, fields) if method == "POST" else other.get(path))
                if answer.status_code != 404:
                    wrong.append((method, page.path, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert await stored(pool) == before


async def test_a_form_that_names_another_projects_things_changes_nothing_there(
    world: World, dashboard: Person, other_api: httpx.AsyncClient, other: Person, pool: Pool, project: Project
) -> None:
    """Whatever the form makes of it: nothing of the other project is changed, and its names aren't told."""
    own = await make_world(other_api, other, pool, kind="o")
    await pool.execute("UPDATE campaigns SET name = 'secret' WHERE id = $1", world.ids["campaign_id"])
    await pool.execute("UPDATE customers SET name = 'secret' WHERE project_id = $1", project.id)
    segment = await pool.fetchval("SELECT id FROM segments WHERE project_id = $1", project.id)
    theirs = [*world.ids.values(), segment]
    before, wrong, tried = await stored(pool, project.id), [], 0
    for form in await forms_of(other, own, GETS):
        if form.action == SIGN_OUT or form.action.startswith("/app/users"):
            continue
        for name in form.fields:
            if not name.startswith(("campaign", "customer", "segment", "voucher", "trigger", "parent")):
                continue
            for id in theirs:
                tried += 1
                answer = await other.post(form.action, form.fields | {name: id})
                if answer.status_code == 303:
                    answer = await other.get(answer.headers["location"])
                if answer.status_code >= 500 or "secret" in answer.text:
                    wrong.append((form.action, name, id, answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))
    assert tried > 50
    assert await stored(pool, project.id) == before


@pytest.mark.parametrize("kind", NASTY)
async def test_what_people_write_is_text_on_every_page(
    api: httpx.AsyncClient, other_api: httpx.AsyncClient, dashboard: Person, other: Person, pool: Pool, kind: str
) -> None:
    """A page has the elements and attributes that it has for plain words, and no others."""
    nasty = await make_world(api, dashboard, pool, lambda length_max: NASTY[kind][:length_max])
    plain = await make_world(other_api, other, pool, kind="o")
    wrong: list[Any] = []
    seen: set[str] = set()
    for page in GETS:
        for ids in ({}, {"distribution_id": "sent", "code": "held"}):
            if ids and not ids.keys() & page.param_convertors.keys():
                continue
            answer = await dashboard.get(nasty.path(page, **{name: nasty.ids[id] for name, id in ids.items()}))
            expected = await other.get(plain.path(page, **{name: plain.ids[id] for name, id in ids.items()}))
            if answer.status_code != expected.status_code:
                wrong.append((page.path, answer.status_code))
            if not answer.headers.get("content-type", "").startswith("text/html"):
                continue
            if not is_harmless(answer) or made_of(answer) != made_of(expected):
                wrong.append((page.path, made_of(answer) - made_of(expected), made_of(expected) - made_of(answer)))
            if NASTY[kind][:40] in shown(answer):
                seen.add(page.path.removeprefix("/app/{project_id}"))
    assert not wrong, "\n".join(map(str, wrong))
    assert {
        "", "/campaigns", "/campaigns/{campaign_id}", "/campaigns/{campaign_id}/settings", "/publications",
        "/publish/{publication_id}", "/vouchers", "/vouchers/{code}", "/customers", "/customers/{customer_id}",
        "/distributions", "/distributions/{distribution_id}", "/imports/{upload_id}",
        "/developers", "/developers/events", "/app/users",
    } <= seen  # fmt: skip


def made_of(answer: httpx.Response) -> Counter[tuple[str, ...]]:
    """The elements of a page with the names of their attributes. Their order is that of projects in the switcher."""
    return Counter((tag, *sorted(given)) for tag, given in Elements(answer.text).tags)


def some(values: Mapping[str, str], place: int) -> list[str]:
    """A third of them: another one for the next."""
    return list(values.values())[place % 3 :: 3]


BAD: Final = {
    "nothing": "", "long": "x" * 100_000, "NUL": "a\0b", "a word": "abc", "markup": "<b>", "negative": "-1",
    "huge": "9" * 18, "digits": "9" * 40, "a date": "2030-99-99", "brackets": "[{", "half": "1.5", "lines": "a\n=b\nc: d",
}  # fmt: skip


@pytest.mark.parametrize("noun", pages.NOUNS, ids=lambda noun: noun.__name__.rpartition(".")[2])
async def test_no_form_makes_a_page_fail(world: World, dashboard: Person, pool: Pool, noun: ModuleType) -> None:
    """All fields wrong at once, then each alone in a form that is right otherwise. What is refused changes nothing."""
    of_noun: list[Page] = noun.PAGES
    forms = await forms_of(dashboard, world, [page for page in of_noun if "GET" in (page.methods or ())])
    wrong: list[Any] = []
    for page in of_noun:
        if "POST" not in (page.methods or ()) or page.path == SIGN_OUT:
            continue
        path = world.path(page)
        fields = filled(forms, path)
        bodies: list[dict[str, Any]] = [
            {},
            {"unknown": ["x"] * 400},
            *(dict.fromkeys(fields, bad) for bad in BAD.values()),
        ]
        bodies += [fields | {name: bad} for place, name in enumerate(fields) for bad in some(BAD, place)]
        bodies += [fields | {name: choice} for name, those in choices(forms, path).items() for choice in those[:12]]
        if "step" in fields or "sure" in fields or path.endswith("/new"):  # past the summary
            bodies += [body | {"step": "create", "sure": "on"} for body in bodies[2:]]
        before = await stored(pool)
        for body in bodies:
            answer = await dashboard.post(path, body)
            now = await stored(pool)
            told = {name: str(value)[:20] for name, value in body.items() if value != fields.get(name)}
            if answer.status_code >= 500 or not (answer.status_code == 303 or "html" in answer.headers["content-type"]):
                wrong.append((page.path, told, answer.status_code))
            if answer.status_code >= 400 and now != before:
                wrong.append((page.path, told, "changed something"))
            before = now
    assert not wrong, "\n".join(map(str, wrong))


NONSENSE: Final = {
    "nothing": "", "zero": "0", "a word": "abc", "negative": "-1", "too much": "1000000000", "beyond": "9" * 30,
    "NUL": "%00", "no UTF-8": "%ff%fe", "half": "%E0%80", "markup": "%3Csvg%3E", "a date": "2030-99-99", "brackets": "%5B%7B",
    "long": "x" * 8_000, "emoji": "%F0%9F%98%80", "plus": "%2B1e309",
}  # fmt: skip


@pytest.mark.parametrize("noun", pages.NOUNS, ids=lambda noun: noun.__name__.rpartition(".")[2])
async def test_no_address_makes_a_page_fail(
    world: World, dashboard: Person, pool: Pool, noun: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nonsense in everything that a page reads of its address, which it says itself; and in its path."""
    read = _reading(monkeypatch)
    wrong: list[Any] = []
    for page in noun.PAGES:
        if "GET" not in (page.methods or ()):
            continue
        path = world.path(page)
        read.clear()
        await dashboard.client.get(path + "?none=1")
        names = sorted(read)
        addresses = ["&".join(f"{name}={bad}" for name in names) for bad in NONSENSE.values() if len(bad) < 100]
        addresses += [f"{name}={bad}" for place, name in enumerate(names) for bad in some(NONSENSE, place)]
        addresses += ["%00", "%ff=%ff", "&" * 2_000, "x" * 20_000]
        addresses = [f"{path}?{query}" for query in addresses]
        for name in page.param_convertors:
            addresses += [page_path(world, page, name, bad) for bad in NONSENSE.values() if bad]
        for address in addresses:
            answer = await dashboard.client.get(address)
            if not _is_an_answer(answer):
                wrong.append((address[:200], answer.status_code))
    assert not wrong, "\n".join(map(str, wrong))


def page_path(world: World, page: Page, name: str, bad: str) -> str:
    return world.path(page, **{name: "NONSENSE"}).replace("NONSENSE", bad)


def _is_an_answer(answer: httpx.Response) -> bool:
    if answer.status_code in (303, 200):
        return True
    return 400 <= answer.status_code < 500 and answer.headers["content-type"].startswith("text/html")


def _reading(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of all that is read of a query from now on."""
    read: set[str] = set()
    of_query, of_form = Query.text, Form.text

    def text_of_query(query: Query, *names: str) -> str | None:
        read.update(names)
        return of_query(query, *names)

    def text_of_form(form: Form, name: str) -> str:
        read.add(name)
        return of_form(form, name)

    monkeypatch.setattr(Query, "text", text_of_query)
    monkeypatch.setattr(Form, "text", text_of_form)
    return read
