"""Who wants no messages any more: by himself, through the link in every mail, or by the operator's word."""

from typing import Final

from largesse.actions.scope import Scope
from largesse.domain.contacts import EMAIL, SMS, contact_key, contact_keys, folded
from largesse.domain.customers import ID_PREFIX
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.store import suppressions as store
from largesse.store.connection import Connection

BY_HAND: Final = "by_hand"
UNSUBSCRIBED: Final = "unsubscribed"
_WANTED: Final = {
    EMAIL: "an e-mail address",
    SMS: "a phone number with its country's code, like +4915112345678"
    " (without one it takes the project's dial_code, which is to be set)",
}


async def suppress(scope: Scope, channel: str, target: str) -> str:
    """An address, a phone number or a customer's id; again has no effect. Says what stands on the list.

    Raises InvalidPayload for what can be neither: it would be kept, and suppress nobody.
    """
    target = target.strip()
    key: str | None = target
    if not target.startswith(ID_PREFIX):
        dial_code = await store.dial_code(scope.connection, scope.project.id)
        key = contact_key(channel, target, dial_code)
    if key is None:
        raise InvalidPayload(f"Property .target must be {_WANTED[channel]}, or a customer's id")
    await store.suppress(scope.connection, scope.project.id, channel, [key], BY_HAND)
    return key


async def allow(scope: Scope, channel: str, target: str) -> None:
    """Raises NotFound."""
    if not await store.allow(scope.connection, scope.project.id, channel, await spellings(scope, channel, target)):
        raise NotFound.of("suppression", target)


async def spellings(scope: Scope, channel: str | None, target: str) -> list[str]:
    """All that a target may stand on the list as: of a channel, or of any."""
    if target.startswith(ID_PREFIX):
        return [target]
    dial_code = await store.dial_code(scope.connection, scope.project.id)
    channels = [EMAIL, SMS] if channel is None else [channel]
    return sorted({key for each in channels for key in contact_keys(each, target, dial_code)})


async def unsubscribe(connection: Connection, project_id: int, channel: str, customer_id: str) -> None:
    """The person, and the address that he has now: another record with the same address is the same person."""
    address = (await store.addresses_of(connection, project_id, customer_id)).get(channel)
    targets = [customer_id]
    if address:
        dial_code = await store.dial_code(connection, project_id)
        targets.append(contact_key(channel, address, dial_code) or folded(address))
    await store.suppress(connection, project_id, channel, targets, UNSUBSCRIBED)
