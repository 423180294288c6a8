"""Many real connections that publish the same things at the same moment.

A contestant is one connection that asks one request at a time, and again while the answer is a retry, as the
publisher does. `how_often` counts the answers that show that the race took place; a race that never took place proves
nothing and fails.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from largesse.domain.projects import Project
from largesse.domain.publications import RETRY_PREFIX, PublicationRequest
from largesse.store import audit
from largesse.store import publications as store
from largesse.store.connection import PUBLISH_SETTINGS, Connection, Pool, set_codecs

CONNECTIONS = 32
RETRYABLE = (
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,
    asyncpg.QueryCanceledError,
)
PATIENCE = 400  # tries


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


class Race:
    def __init__(self, connections: list[Connection], project: Project) -> None:
        self._connections = connections
        self._project = project
        self.lost: Counter[str] = Counter()

    async def run(self, requests: Sequence[PublicationRequest], *, batch: int = 1) -> list[store.Verdict]:
        """Deal the requests out to all connections, start together, collect every final verdict in their order."""
        verdicts: dict[str, store.Verdict] = {}
        hands = [list(requests[n :: len(self._connections)]) for n in range(len(self._connections))]
        await asyncio.gather(
            *(self._play(c, hand, batch, verdicts) for c, hand in zip(self._connections, hands, strict=True))
        )
        return [verdicts[request.id] for request in requests]

    async def _play(
        self, connection: Connection, hand: list[PublicationRequest], batch: int, verdicts: dict[str, store.Verdict]
    ) -> None:
        for _ in range(PATIENCE):
            if not hand:
                return
            asked, hand = hand[:batch], hand[batch:]
            try:
                answers = await store.publish(connection, self._project, asked, cursors={})
            except RETRYABLE as error:
                self.lost[type(error).__name__] += 1
                hand = asked + hand
                continue
            for request, verdict in zip(asked, answers, strict=True):
                if verdict.outcome.startswith(RETRY_PREFIX):
                    self.lost[verdict.outcome] += 1
                    hand.append(request)
                else:
                    verdicts[request.id] = verdict
            if hand and answers[-1].outcome.startswith(RETRY_PREFIX):
                await asyncio.sleep(0.002)
        raise AssertionError(f"{len(hand)} requests undecided after {PATIENCE} tries: {self.lost}")


@pytest.fixture
async def race(database_url: str, project: Project) -> AsyncIterator[Race]:
    connections = await asyncio.gather(
        *(asyncpg.connect(database_url, server_settings=PUBLISH_SETTINGS) for _ in range(CONNECTIONS))
    )
    for connection in connections:
        await set_codecs(connection)
    yield Race(list(connections), project)
    await asyncio.gather(*(connection.close() for connection in connections))


async def broken_promises(pool: Pool, project: Project) -> set[str]:
    """What `largesse audit` would name, the missing guards themselves left out."""
    async with pool.acquire() as connection:
        await connection.execute("ANALYZE")  # of tables that were just filled the planner expects nothing
        return {f.invariant async for f in audit.check_project(connection, project.id, project.public_id) if f.rows}
