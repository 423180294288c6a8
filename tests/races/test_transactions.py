"""A balance never falls below 0, whoever removes at the same moment (32 real connections)."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest

from largesse.actions.ids import IdSource
from largesse.actions.scope import Scope
from largesse.actions.transactions import change_balance
from largesse.domain.errors import InvalidAddBalanceParams
from largesse.store import transactions as store
from largesse.store.connection import set_codecs
from largesse.wire.transactions import BalanceInput
from tests.factories.campaigns import add_vouchers
from tests.races.conftest import CONNECTIONS, broken_promises
from tests.races.test_publishing import happened

ROUNDS = 5
AMOUNT = 1000
REMOVAL = 100


@pytest.fixture
async def connections(database_url):
    made = await asyncio.gather(*(asyncpg.connect(database_url) for _ in range(CONNECTIONS)))
    for connection in made:
        await set_codecs(connection)
    yield made
    await asyncio.gather(*(connection.close() for connection in made))


async def race(connections, pool, project, code: str, **sent: Any) -> Counter[str]:
    """Everybody removes a tenth of a gift card at once, or what is `sent`: how it ended for them."""
    await add_vouchers(pool, project, None, [code], amount=AMOUNT)
    await pool.execute("UPDATE vouchers SET type = 'GIFT_VOUCHER', discount = NULL WHERE code = $1", code)
    ids, gate = IdSource(), asyncio.Event()
    ended: Counter[str] = Counter()

    async def remove(connection) -> None:
        await gate.wait()
        try:
            async with connection.transaction():
                scope = Scope(connection=connection, project=project, ids=ids, request_id="v-test", actor="test")
                await change_balance(scope, code, BalanceInput(**({"amount": -REMOVAL} | sent)))
        except InvalidAddBalanceParams:
            ended["refused"] += 1
        else:
            ended["removed"] += 1

    tasks = [asyncio.create_task(remove(connection)) for connection in connections]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    return ended


async def test_a_balance_never_falls_below_0(connections, pool, project, capsys):
    for n in range(ROUNDS):
        ended = await race(connections, pool, project, f"G{n}")
        assert ended == {"removed": AMOUNT // REMOVAL, "refused": CONNECTIONS - AMOUNT // REMOVAL}
    rows = await pool.fetch("SELECT amount - subtracted AS balance FROM vouchers")
    assert {row["balance"] for row in rows} == {0}
    balances = await pool.fetch("SELECT balance FROM voucher_transactions ORDER BY voucher_id, balance")
    assert [row["balance"] for row in balances] == list(range(0, AMOUNT, REMOVAL)) * ROUNDS
    assert await broken_promises(pool, project) == set()
    happened("a card with too little for all", ROUNDS * (CONNECTIONS - AMOUNT // REMOVAL), capsys)


@pytest.mark.parametrize("amount", [REMOVAL, -REMOVAL, -AMOUNT])
async def test_one_source_id_changes_a_balance_once(connections, pool, project, amount):
    """All of them get the first one's result, also where a second change would have been refused."""
    for n in range(ROUNDS):
        assert await race(connections, pool, project, f"G{n}", amount=amount, source_id="same") == {
            "removed": CONNECTIONS
        }
    rows = await pool.fetch("SELECT amount - subtracted AS balance FROM vouchers")
    assert [row["balance"] for row in rows] == [AMOUNT + amount] * ROUNDS
    assert await pool.fetchval("SELECT count(*) FROM voucher_transactions") == ROUNDS
    assert await broken_promises(pool, project) == set()


@pytest.mark.own_database
async def test_without_the_unique_index_one_source_id_changes_a_balance_often(connections, pool, project):
    await pool.execute("DROP INDEX voucher_transactions_source_id")
    await race(connections, pool, project, "G", source_id="same")
    assert await pool.fetchval("SELECT count(*) FROM voucher_transactions") > 1


@pytest.mark.own_database
async def test_without_its_guard_the_race_breaks_the_promise(connections, pool, project, monkeypatch):
    """What reads the balance first and writes after, as here the change with a value read before, removes too much."""
    await pool.execute("ALTER TABLE vouchers DROP CONSTRAINT vouchers_balance")
    monkeypatch.setattr(store, "change_balance", read_then_write)
    ended = await race(connections, pool, project, "G")
    assert ended["removed"] > AMOUNT // REMOVAL


async def read_then_write(connection, project_id, voucher_id, amount, *, total_max):
    row = await connection.fetchrow(
        "SELECT amount AS total, amount - subtracted AS balance FROM vouchers WHERE id = $1", voucher_id
    )
    if row["balance"] + amount < 0:
        return None
    await connection.execute("UPDATE vouchers SET subtracted = subtracted - $2 WHERE id = $1", voucher_id, amount)
    return store.Balance(row["total"], row["balance"] + amount)
