import asyncio

from largesse.actions.customers import save_customer
from largesse.domain.customers import Customer
from largesse.store.connection import Pool
from largesse.wire.customers import CustomerInput
from tests.actions.conftest import Scopes


async def save(scopes: Scopes, sent: CustomerInput) -> Customer:
    async with scopes() as scope:
        return await save_customer(scope, sent)


async def test_many_at_once_with_one_source_id_make_one_customer(scopes: Scopes, pool: Pool) -> None:
    names = [f"name {number}" for number in range(8)]
    made = await asyncio.gather(*(save(scopes, CustomerInput(source_id="crm-1", name=name)) for name in names))
    assert len({customer.id for customer in made}) == 1
    assert await pool.fetchval("SELECT count(*) FROM customers") == 1
    assert await pool.fetchval("SELECT count(*) FROM events WHERE type = 'customer.created'") == 1


async def test_a_minimal_object_changes_nothing_and_writes_no_event(scopes: Scopes, pool: Pool) -> None:
    first = await save(scopes, CustomerInput(source_id="crm-1", name="Ann", metadata={"a": 1}))  # type: ignore[arg-type]
    again = await save(scopes, CustomerInput(source_id="crm-1"))
    same = await save(scopes, CustomerInput(source_id="crm-1", name="Ann", metadata={"a": 1}))  # type: ignore[arg-type]
    assert first == again == same
    assert again.updated_at is None
    assert await pool.fetchval("SELECT count(*) FROM events") == 1


async def test_each_change_is_an_event_with_the_customer_as_it_was(scopes: Scopes, pool: Pool) -> None:
    await save(scopes, CustomerInput(source_id="crm-1", name="Ann"))
    await save(scopes, CustomerInput(source_id="crm-1", name="Bea"))
    rows = await pool.fetch(
        "SELECT type, data->'customer'->>'name' AS name, request_id, actor FROM events ORDER BY seq"
    )
    assert [tuple(row) for row in rows] == [
        ("customer.created", "Ann", "v-test", "test"),
        ("customer.updated", "Bea", "v-test", "test"),
    ]
