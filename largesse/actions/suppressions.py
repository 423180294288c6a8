"""Who wants no messages any more: by himself, through the link in every mail, or by the operator's word."""

from typing import Final

from largesse.actions.scope import Scope
from largesse.domain.errors import NotFound
from largesse.store import suppressions as store
from largesse.store.connection import Connection

BY_HAND: Final = "by_hand"
UNSUBSCRIBED: Final = "unsubscribed"


async def suppress(scope: Scope, channel: str, target: str) -> None:
    """An address, a phone number or a customer's id; again has no effect."""
    await store.suppress(scope.connection, scope.project.id, channel, [_key(target)], BY_HAND)


async def allow(scope: Scope, channel: str, target: str) -> None:
    """Raises NotFound."""
    if not await store.allow(scope.connection, scope.project.id, channel, _key(target)):
        raise NotFound.of("suppression", target)


async def unsubscribe(connection: Connection, project_id: int, channel: str, customer_id: str) -> None:
    """The person, and the address that he has now: another record with the same address is the same person."""
    address = (await store.addresses_of(connection, project_id, customer_id)).get(channel)
    targets = [customer_id] if not address else [customer_id, _key(address)]
    await store.suppress(connection, project_id, channel, targets, UNSUBSCRIBED)


def _key(target: str) -> str:
    """As audiences are compared with it: ids keep their letters, addresses lose A to Z."""
    return target if target.startswith("cust_") else target.translate(_FOLD)


_FOLD: Final = {ord(upper): ord(upper.lower()) for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
