"""A publisher on connections as the publish path has them."""

from collections.abc import AsyncIterator

import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Publisher
from largesse.store.connection import PUBLISH_SETTINGS, create_pool


@pytest.fixture
async def publisher(database_url: str) -> AsyncIterator[Publisher]:
    pool = await create_pool(database_url, size=2, settings=PUBLISH_SETTINGS, application="largesse-test-publish")
    yield Publisher(pool, IdSource())
    await pool.close()
