"""Create, change and forget customers (docs/semantics/customer.md)."""

from largesse.actions.memberships import leave_all
from largesse.actions.metadata_schemas import check_sent
from largesse.actions.scope import Scope
from largesse.domain.customers import Customer, Profile, check_source_id
from largesse.domain.errors import NotFound
from largesse.domain.metadata_schemas import CUSTOMER
from largesse.events.catalogue import EventType
from largesse.events.outbox import append
from largesse.store import customers as store
from largesse.store.referrals import leave_codes
from largesse.wire.customers import CustomerInput, check_metadata_size


async def save_customer(scope: Scope, sent: CustomerInput) -> Customer:
    """Create a customer, or write onto the one that is named: `id` decides, else `source_id`; without both a new one.

    Raises NotFound for an unknown id, which only we can make.
    """
    profile = sent.profile()
    if sent.id is not None:
        return await _change(scope, sent.id, profile, by_source_id=False)
    if sent.source_id is None:
        return await _upsert(scope, None, profile)
    if (known := await store.find_customer(scope.connection, scope.project.id, sent.source_id)) is None:
        check_source_id(sent.source_id)
    elif known.source_id != sent.source_id:
        return await _change(scope, known.id, profile, by_source_id=False)
    return await _upsert(scope, sent.source_id, profile)


async def _upsert(scope: Scope, source_id: str | None, profile: Profile) -> Customer:
    new_id = scope.ids.new("cust_")
    customer = await store.upsert_customer(scope.connection, scope.project.id, new_id, source_id, profile)
    if customer is None:  # it was there and has it all already
        assert source_id is not None
        return await get_customer(scope, source_id)
    check_metadata_size(customer.metadata)
    made = customer.id == new_id
    if made or profile.metadata is not None:
        await check_sent(scope, CUSTOMER, profile.metadata or {}, customer.metadata)
    type_ = EventType.CUSTOMER_CREATED if made else EventType.CUSTOMER_UPDATED
    await append(scope, type_, customer.id, {"customer": customer})
    return customer


async def _change(scope: Scope, id_or_source_id: str, profile: Profile, *, by_source_id: bool) -> Customer:
    known = await get_customer(scope, id_or_source_id)
    if not by_source_id and known.id != id_or_source_id:
        raise NotFound.of("customer", id_or_source_id)
    customer = await store.update_customer(scope.connection, scope.project.id, known.id, profile)
    if customer is None:  # nothing new
        return known
    check_metadata_size(customer.metadata)
    if profile.metadata is not None or "metadata" in profile.cleared:
        await check_sent(scope, CUSTOMER, profile.metadata or {}, customer.metadata)
    await append(scope, EventType.CUSTOMER_UPDATED, customer.id, {"customer": customer})
    return customer


async def get_customer(scope: Scope, id_or_source_id: str) -> Customer:
    customer = await store.find_customer(scope.connection, scope.project.id, id_or_source_id)
    if customer is None:
        raise NotFound.of("customer", id_or_source_id)
    return customer


async def update_customer(scope: Scope, id_or_source_id: str, profile: Profile) -> Customer:
    return await _change(scope, id_or_source_id, profile, by_source_id=True)


async def delete_customer(scope: Scope, id_or_source_id: str) -> None:
    customer = await get_customer(scope, id_or_source_id)
    if await store.delete_customer(scope.connection, scope.project.id, customer.id):
        await leave_all(scope, customer.id)
        await leave_codes(scope.connection, scope.project.id, customer.id)
        await append(scope, EventType.CUSTOMER_DELETED, customer.id, {"customer": customer})


async def erase_customer(scope: Scope, id_or_source_id: str) -> tuple[Customer, int]:
    """Empty the customer of everything personal; its publications stay, without name, e-mail and source id.

    Says also how many static segments it was in.
    """
    customer = await store.erase_customer(scope.connection, scope.project.id, id_or_source_id)
    if customer is None:
        raise NotFound.of("customer", id_or_source_id)
    memberships = await leave_all(scope, customer.id)
    await leave_codes(scope.connection, scope.project.id, customer.id)
    await append(scope, EventType.CUSTOMER_DELETED, customer.id, {"customer": customer})
    return customer, memberships
