"""The API in this process: an ASGI client with a key of a project of its own."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Publisher
from largesse.auth.keys import KeyCache
from largesse.domain.projects import Project
from largesse.http.app import App, create_app
from largesse.http.services import Services
from largesse.store.connection import Pool
from largesse.wire.assets import AssetTokens
from tests.factories.vault import VAULT

APP_ID = "test-app-id"
APP_TOKEN = "test-app-token"
KEY_HEADERS = {"X-App-Id": APP_ID, "X-App-Token": APP_TOKEN}


async def make_key(
    pool: Pool, project: Project | None, *, app_id: str = APP_ID, token: str = APP_TOKEN, kind: str = "server"
) -> None:
    await pool.execute(
        "INSERT INTO api_keys (app_id, token_hash, kind, project_id) VALUES ($1, $2, $3, $4)",
        app_id,
        hashlib.sha256(token.encode()).digest(),
        kind,
        project.id if project else None,
    )


@pytest.fixture
async def api_key(pool: Pool, project: Project) -> dict[str, str]:
    """The headers of a server key of `project`."""
    await make_key(pool, project)
    return KEY_HEADERS


@pytest.fixture
def services(pool: Pool, publisher: Publisher) -> Services:
    """Override or `dataclasses.replace` it to change a limit."""
    return Services(
        pool=pool,
        keys=KeyCache(pool),
        ids=IdSource(),
        asset_tokens=AssetTokens(b"test"),
        vault=VAULT,
        publisher=publisher,
    )


@pytest.fixture
def app(services: Services) -> App:
    return create_app(services)


def client_of(app: App, headers: dict[str, str] | None = None, **options: Any) -> httpx.AsyncClient:
    """A client of an app in this process. Exceptions of the app fail the test."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True, client=options.pop("client", ("127.0.0.1", 1)))
    return httpx.AsyncClient(transport=transport, base_url="http://api.test", headers=headers, **options)


@pytest.fixture
async def api(app: App, api_key: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """Authenticated against `project`."""
    async with client_of(app, api_key) as client:
        yield client


@pytest.fixture
async def anonymous(app: App) -> AsyncIterator[httpx.AsyncClient]:
    """Without a key."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def other_api(app: App, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Authenticated against another project: everything of `project` must be invisible to it."""
    row = await pool.fetchrow(
        "INSERT INTO projects (public_id, name) VALUES ('proj_Other0000000', 'Other') RETURNING id, public_id, name"
    )
    assert row is not None
    await make_key(pool, Project(**row), app_id="other-app-id")
    async with client_of(app, {"X-App-Id": "other-app-id", "X-App-Token": APP_TOKEN}) as client:
        yield client
