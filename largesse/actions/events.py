"""What customers did elsewhere, told by the caller: custom events (docs/semantics/referral.md)."""

from typing import Any

from largesse.actions.customers import save_customer
from largesse.actions.referrals import refer_by_event
from largesse.actions.scope import Scope
from largesse.domain.errors import NotBuilt
from largesse.events.catalogue import EventType
from largesse.store.events import append_event
from largesse.wire.events import EventInput, custom_event


async def track_event(scope: Scope, sent: EventInput) -> dict[str, Any]:
    """Write it to the log, with the customer as it is after it; what was written.

    Raises NotFound for an unknown customer's id, MetadataValidationFailed, what `refer_by_event` raises, and NotBuilt
    for a loyalty card that is to profit from it.
    """
    if sent.loyalty:
        raise NotBuilt("Property .loyalty: nothing follows from it yet. Send the event without it")
    customer = await save_customer(scope, sent.customer)
    event_id = scope.ids.new("ev_")
    frozen = custom_event(event_id, sent, customer)
    if sent.referral is not None:
        frozen["referral"] = await refer_by_event(scope, sent.referral, customer, frozen["event"])
    await append_event(
        scope.connection,
        scope.project.id,
        event_id,
        EventType.CUSTOM_EVENT,
        customer.id,
        frozen,
        scope.request_id,
        scope.actor,
    )
    return frozen
