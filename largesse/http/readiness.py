"""Whether this process can work: asked by load balancers every few seconds, and by callers whom nobody knows."""

import asyncio

from largesse.domain.errors import Unavailable
from largesse.store import readiness
from largesse.store.connection import LOOKUP_LIMIT_S, Connection, Pool, acquire
from largesse.store.migrate import compare_schema, too_new


class Readiness:
    """Of one process: however many ask at once, one looks.

    `publishing` is the pool of the publish statement, whose sessions may have begun at another time, and on another way
    to the database.
    """

    def __init__(self, pool: Pool, publishing: "Pool | None" = None) -> None:
        self._pool = pool
        self._publishing = publishing
        self._check: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """Raises Unavailable, with a sentence where there is one."""
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._look())
            self._check.add_done_callback(lambda task: task.cancelled() or task.exception())  # all may have hung up
        await asyncio.shield(self._check)

    async def _look(self) -> None:
        async with acquire(self._pool, limit_s=LOOKUP_LIMIT_S) as connection:
            await _check_schema(connection)
            await readiness.write(connection)
        if self._publishing is not None and _has_room(self._publishing):
            async with acquire(self._publishing, limit_s=LOOKUP_LIMIT_S) as connection:
                await readiness.write(connection)


async def _check_schema(connection: Connection) -> None:
    difference = await compare_schema(connection)
    if difference.missing:
        raise Unavailable(f"Migrations to apply: {', '.join(difference.missing)}")
    if difference.unknown:
        raise Unavailable(too_new(difference.unknown))


def _has_room(pool: Pool) -> bool:
    """Whether a connection can be had at once. Where all are in use statements run, and nothing need be tried."""
    return pool.get_idle_size() > 0 or pool.get_size() < pool.get_max_size()
