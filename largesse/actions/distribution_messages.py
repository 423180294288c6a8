"""What people do about messages: decide those that nobody knows about, try failed ones again, look at the numbers."""

from typing import Any, Final

from largesse.actions.distributions import get_distribution, locked, log, reopen
from largesse.actions.holds import settle
from largesse.actions.scope import Scope
from largesse.domain.distributions import (
    ACCEPTED,
    DONE,
    IN_PROGRESS,
    LIVE,
    MESSAGE_FAILED,
    PAUSED,
    Message,
    check_verb,
)
from largesse.domain.errors import InvalidDistribution, NotFound
from largesse.store import distribution_messages as store
from largesse.store.distributions import lock_distribution

RETRIED_MAX: Final = 10_000
"""Messages that one request lets go again."""
BY_HAND: Final = "by_hand"


async def get_message(scope: Scope, distribution_id: str, id: str) -> Message:
    """Raises NotFound."""
    message = await store.get_message(scope.connection, scope.project.id, distribution_id, id)
    if message is None:
        raise NotFound.of("distribution_message", id)
    return message


async def confirm_message(scope: Scope, distribution_id: str, id: str) -> Message:
    """It has arrived: what it carried is published. Raises NotFound, InvalidDistribution."""
    return await _decide(scope, distribution_id, id, ACCEPTED)


async def release_message(scope: Scope, distribution_id: str, id: str) -> Message:
    """It hasn't arrived: its code is free again, unless another channel delivered it. Raises as above."""
    return await _decide(scope, distribution_id, id, MESSAGE_FAILED)


async def check_known(scope: Scope, distribution_id: str) -> None:
    """A deleted one too: what it left unknown is still to be decided. Raises NotFound."""
    if not await store.is_known(scope.connection, scope.project.id, distribution_id):
        raise NotFound.of("distribution", distribution_id)


async def _decide(scope: Scope, distribution_id: str, id: str, state: str) -> Message:
    if await lock_distribution(scope.connection, scope.project.id, distribution_id) is None:
        raise NotFound.of("distribution", distribution_id)
    message = await get_message(scope, distribution_id, id)
    decided, publication_id = await store.decide_unknown(
        scope.connection, scope.project.id, distribution_id, id, state, BY_HAND
    )
    if not decided:
        raise InvalidDistribution(f"Message {id} cannot be decided by hand: it is {message.state}")
    await log(scope, distribution_id, "decided", {"message_id": id, "state": state})
    if publication_id is not None:
        await settle(scope, distribution_id, [publication_id])
    return await get_message(scope, distribution_id, id)


async def retry_failed(scope: Scope, distribution_id: str, ids: list[str] | None) -> int:
    """Let failed messages go again, all or those named; how many. Raises NotFound, InvalidDistribution."""
    distribution = await locked(scope, distribution_id)
    check_verb(distribution, "retried", frozenset({DONE, IN_PROGRESS, LIVE, PAUSED}))
    retried = await store.retry_failed(scope.connection, scope.project.id, distribution_id, RETRIED_MAX, ids)
    if retried:
        await reopen(scope, distribution)
    return retried


async def statistics_of(scope: Scope, distribution_id: str) -> dict[str, Any]:
    """By channel how many messages are in which state, and why those that are failed, skipped or unknown."""
    distribution = await get_distribution(scope, distribution_id)
    rows = await store.statistics(scope.connection, scope.project.id, distribution.id)
    recipients, reached = await store.count_recipients(scope.connection, scope.project.id, distribution.id)
    channels: dict[str, Any] = {}
    for row in rows:
        channel = channels.setdefault(row["channel"], {"states": {}, "reasons": {}})
        for kind, name in (("states", row["state"]), ("reasons", row["reason"])):
            if name is not None:
                channel[kind][name] = channel[kind].get(name, 0) + row["messages"]
    return {"recipients": recipients, "reached": reached, "channels": channels}
