"""Headers that are keys of others' servers: sealed in the database, for the installation's own key only."""

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from largesse.store.connection import Pool
from largesse.store.vault import OtherSecretKey, Vault, change_key, claim_installation

ONE = Vault("0" * 32)
OTHER = Vault("1" * 32)


@given(st.text())
def test_what_was_sealed_is_opened_by_its_own_key_only(text: str) -> None:
    sealed = ONE.seal(text)
    assert ONE.open(sealed) == text
    assert sealed != ONE.seal(text)
    with pytest.raises(InvalidTag):
        OTHER.open(sealed)


def test_a_text_that_looks_sealed_is_sealed_like_any_other() -> None:
    assert ONE.open(ONE.seal("sealed:1:abc")) == "sealed:1:abc"


@pytest.fixture
async def stored(pool: Pool, project: Any) -> None:
    """A webhook and a distribution from before there was a vault."""
    await pool.execute(
        "INSERT INTO webhooks (project_id, id, target_url, events, headers, active, slot)"
        " VALUES ($1, 'wh_a', 'https://a.example', '{}', '{\"Authorization\": \"Bearer one\"}', true, 1)",
        project.id,
    )
    channels = [{"type": "email"}, {"type": "sms", "headers": {"X-Key": "two", "Y": ""}}]
    await pool.execute(
        "INSERT INTO distributions (project_id, id, name, audience, channels, when_exhausted)"
        " VALUES ($1, 'distr_a', 'a', '{}', $2, 'fail')",
        project.id,
        channels,
    )


async def opened(pool: Pool, vault: Vault) -> list[str]:
    headers = await pool.fetchval("SELECT headers FROM webhooks")
    channels = await pool.fetchval("SELECT channels FROM distributions")
    text = json.dumps([headers, channels])
    assert "one" not in text
    assert "two" not in text
    return sorted([*vault.open_all(headers).values(), *vault.open_all(channels[1]["headers"]).values()])


async def test_the_first_start_seals_what_lay_in_the_clear(pool: Pool, stored: None) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await claim_installation(connection, ONE)
        await claim_installation(connection, ONE)
    assert await opened(pool, ONE) == ["", "Bearer one", "two"]


async def test_another_key_is_refused(pool: Pool, stored: None) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await claim_installation(connection, ONE)
        for attempt in (claim_installation(connection, OTHER), change_key(connection, OTHER, Vault("2" * 32))):
            with pytest.raises(OtherSecretKey):
                await attempt
    assert await opened(pool, ONE) == ["", "Bearer one", "two"]


async def test_a_change_of_the_key_seals_everything_anew_once(pool: Pool, stored: None) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await claim_installation(connection, ONE)
        assert await change_key(connection, ONE, OTHER) == 2
        assert await change_key(connection, ONE, OTHER) == 0
        await claim_installation(connection, OTHER)
        with pytest.raises(OtherSecretKey):
            await claim_installation(connection, ONE)
    assert await opened(pool, OTHER) == ["", "Bearer one", "two"]
