"""Who published a code is found by the transaction that wrote both, however busy the log is."""

import asyncio

from largesse.actions.publishing import Publisher
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from largesse.store.provenance import list_provenance
from largesse.store.vouchers import get_voucher
from tests.factories.campaigns import make_campaign
from tests.factories.publications import request


async def test_every_publication_of_a_crowd_finds_its_own_event(
    pool: Pool, project: Project, publisher: Publisher
) -> None:
    await make_campaign(pool, project, name="Crowd", vouchers_count=200)
    requests = [request(f"c-{n}", campaign="Crowd", actor=f"key-{n}") for n in range(100)]
    made = await asyncio.gather(*(publisher.publish(project, one) for one in requests))
    async with pool.acquire() as connection:
        for number, publication in enumerate(made):
            voucher = await get_voucher(connection, project, publication.codes[0])
            assert voucher is not None
            published = [fact for fact in await list_provenance(connection, project.id, voucher) if fact.customer_id]
            assert [fact.actor for fact in published] == [f"key-{number}"]
