"""The dashboard in this process: ASGI clients of people who are signed in, and the forms that they send."""

import secrets
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any, Final

import httpx
import pytest

from largesse.actions.ids import IdSource
from largesse.auth.sessions import form_token
from largesse.dashboard.app import Dashboard
from largesse.dashboard.routing import COOKIE
from largesse.dashboard.view import PROOF
from largesse.domain.keys import hash_token
from largesse.domain.projects import Project
from largesse.domain.users import ADMIN, USER, VIEWER
from largesse.http.app import App, create_app
from largesse.http.services import Services
from largesse.store import users as store
from largesse.store.connection import Pool
from tests.http.conftest import anonymous, api, api_key, client_of, other_api, services

__all__ = ["anonymous", "api", "api_key", "other_api", "services"]

NASTY: Final = {
    "script": "<script>alert(1)</script>",
    "svg": '"><svg onload=alert(1)>',
    "template": "{{ 7 * 7 }}{% raw %}${7*7}",
    "rtl": "\u202eabc\u202c \u05e9\u05dc\u05d5\u05dd",
    "long": "x" * 10_000,
}
"""What people store, or try to: on every page it is text and nothing else."""


class Person:
    """Somebody at the dashboard, in one project. A path begins below the project, or with /app."""

    def __init__(self, client: httpx.AsyncClient, token: str, project: Project) -> None:
        self.client = client
        self.token = token
        self.base = f"/app/{project.public_id}"

    def url(self, path: str) -> str:
        return path if path.startswith("/app") else self.base + path

    async def get(self, path: str = "", **query: Any) -> httpx.Response:
        return await self.client.get(self.url(path), params=query or None)

    async def post(
        self, path: str, fields: dict[str, Any] | None = None, files: dict[str, Any] | None = None
    ) -> httpx.Response:
        """A form with the proof that our pages put in. A list is a field that stands there several times."""
        data = {PROOF: form_token(self.token), **(fields or {})}
        return await self.client.post(self.url(path), data=data, files=files)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """The page that a form led to."""
        assert answer.status_code == 303, f"{answer.status_code}: {shown(answer)}"
        return await self.client.get(answer.headers["location"])


async def sign_in(app: App, pool: Pool, project: Project, role: str) -> Person:
    """A person of that role who sees the project, with a session of his own."""
    user_id, token = IdSource().new("user_"), secrets.token_urlsafe(32)
    async with pool.acquire() as connection:
        await store.create_user(
            connection,
            user_id,
            email=f"{role}-{secrets.token_hex(4)}@example.com",
            name=role.capitalize(),
            role=role,
            projects=[] if role == ADMIN else [project.id],
            password_hash="nobody signs in with this",
        )
        await store.open_session(connection, user_id, hash_token(token))
    client = client_of(app)
    client.cookies.set(COOKIE, token)
    return Person(client, token, project)


@pytest.fixture
def app(services: Services) -> App:
    return create_app(services, pages=Dashboard(services))


@pytest.fixture
async def dashboard(app: App, pool: Pool, project: Project) -> AsyncIterator[Person]:
    """An admin."""
    person = await sign_in(app, pool, project, ADMIN)
    async with person.client:
        yield person


@pytest.fixture
async def as_user(app: App, pool: Pool, project: Project) -> AsyncIterator[Person]:
    person = await sign_in(app, pool, project, USER)
    async with person.client:
        yield person


@pytest.fixture
async def as_viewer(app: App, pool: Pool, project: Project) -> AsyncIterator[Person]:
    person = await sign_in(app, pool, project, VIEWER)
    async with person.client:
        yield person


@pytest.fixture
async def nobody(app: App, project: Project) -> AsyncIterator[Person]:
    """Not signed in."""
    async with client_of(app) as client:
        yield Person(client, "", project)


class Elements(HTMLParser):
    """What a page is made of: tags with their attributes, and the text that people read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._texts).split())

    def fields(self) -> dict[str, str]:
        """What the inputs hold that have a name, ticked or not typed into."""
        return {
            str(given["name"]): given.get("value") or ""
            for tag, given in self.tags
            if tag == "input" and given.get("name")
        }

    def links(self) -> list[str]:
        return [str(given["href"]) for tag, given in self.tags if tag == "a" and given.get("href")]


def shown(answer: httpx.Response) -> str:
    """The text of a page."""
    return Elements(answer.text).text


def is_harmless(answer: httpx.Response) -> bool:
    """Whether the page has no element and no attribute that only stored text can have brought."""
    for tag, given in Elements(answer.text).tags:
        if any(name.startswith("on") or name == "style" for name in given):
            return False
        if tag in {"iframe", "object", "embed", "style"} or (tag == "script" and given.get("type") != "module"):
            return False
    return True
