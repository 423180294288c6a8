"""There is always an admin who can sign in, whatever two of them do to each other at the same moment."""

import asyncio

import pytest

from largesse.actions.users import update_user
from largesse.domain.errors import InvalidPayload
from largesse.domain.users import ADMIN, VIEWER
from largesse.store.connection import Pool
from largesse.store.users import create_user

ROUNDS = 20
CAN_SIGN_IN = "SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL"


@pytest.mark.parametrize(("role", "enabled"), [(ADMIN, False), (VIEWER, True)], ids=["disabled", "demoted"])
async def test_two_admins_who_let_each_other_go(pool: Pool, role: str, enabled: bool) -> None:
    names = [f"user_{number}" for number in range(2)]
    async with pool.acquire() as connection:
        for name in names:
            await create_user(
                connection, name, email=f"{name}@example.com", name=name, role=ADMIN, projects=[], password_hash="x"
            )

    async def let_go(name: str) -> bool:
        async with pool.acquire() as connection, connection.transaction():
            try:
                await update_user(connection, name, name=name, role=role, projects=[], enabled=enabled)
            except InvalidPayload:
                return False
            await asyncio.sleep(0.005)  # the other one asks meanwhile
        return True

    for _ in range(ROUNDS):
        assert sorted(await asyncio.gather(*map(let_go, names))) == [False, True]
        assert await pool.fetchval(CAN_SIGN_IN) == 1
        await pool.execute("UPDATE users SET role = 'admin', disabled_at = NULL")
