"""A database that takes no writes for a while: nobody's publication is lost, and publishing goes on by itself."""

from urllib.parse import urlsplit

import asyncpg
import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publishing import Publisher
from largesse.domain.errors import Unavailable
from largesse.domain.projects import Project
from largesse.store.connection import PUBLISH_SETTINGS, Pool, create_pool
from tests.factories.campaigns import make_campaign
from tests.factories.publications import request

SESSIONS = 4


async def set_read_only(url: str, value: str) -> None:
    """For sessions that begin from now on."""
    admin = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    try:
        await admin.execute(f"ALTER DATABASE {urlsplit(url).path[1:]} SET default_transaction_read_only = {value}")
    finally:
        await admin.close()


async def test_publishing_goes_on_after_the_database_was_read_only(
    database_url: str, pool: Pool, project: Project
) -> None:
    campaign = await make_campaign(pool, project, vouchers_count=10)
    await set_read_only(database_url, "on")
    ours = await create_pool(database_url, size=SESSIONS, settings=PUBLISH_SETTINGS, application="largesse-test")
    publisher = Publisher(ours, IdSource())
    held = [await ours.acquire() for _ in range(SESSIONS)]  # all begin while it is read-only
    for connection in held:
        await ours.release(connection)
    with pytest.raises(Unavailable):
        await publisher.publish(project, request("before", campaign=campaign))
    await set_read_only(database_url, "off")
    codes = {(await publisher.publish(project, request(f"c{n}", campaign=campaign))).codes[0] for n in range(8)}
    assert len(codes) == 8
    await ours.close()
