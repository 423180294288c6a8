"""The queue of long work: rows of `jobs`, claimed one by one. Enqueueing is an insert: actions see no worker."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("jobs")
CHANNEL: Final = "largesse_jobs"  # NOTIFY, without a payload


class Job(NamedTuple):
    """A claimed row. `tries`: failures in a row before this attempt."""

    id: int
    project_id: int
    kind: str
    action_id: str
    tries: int


async def enqueue_job(
    connection: Connection, project_id: int, kind: str, action_id: str, *, subject: str | None = None
) -> None:
    await connection.execute(SQL["enqueue_job"], project_id, kind, action_id, subject)


async def claim_job(
    connection: Connection,
    worker: str,
    kinds: list[str],
    *,
    lapse_s: float,
    at: Sequence[int] = (),
    only: str | None = None,
) -> Job | None:
    """`at`: the jobs that the worker has. `only`: the action whose job it wants."""
    row = await connection.fetchrow(SQL["claim_job"], worker, lapse_s, kinds, list(at), only)
    return None if row is None else Job(*row)


async def beat(connection: Connection, worker: str, ids: list[int]) -> None:
    await connection.execute(SQL["beat"], ids, worker)


async def finish_job(connection: Connection, id: int) -> None:
    await connection.execute(SQL["finish_job"], id)


async def release_job(connection: Connection, worker: str, id: int, *, delay_s: float = 0) -> None:
    await connection.execute(SQL["release_job"], id, worker, delay_s)


async def release_jobs(connection: Connection, worker: str) -> None:
    await connection.execute(SQL["release_jobs"], worker)


async def fail_job(connection: Connection, worker: str, id: int, *, delay_s: float, failure: str) -> None:
    await connection.execute(SQL["fail_job"], id, worker, delay_s, failure)


async def park_job(connection: Connection, id: int, *, failure: str) -> None:
    await connection.execute(SQL["park_job"], id, failure)


async def jobs_about(connection: Connection, project_id: int, kind: str, subject: str) -> dict[int, str]:
    """Job id to action id."""
    rows = await connection.fetch(SQL["jobs_about"], project_id, subject, kind)
    return {row["id"]: row["action_id"] for row in rows}
