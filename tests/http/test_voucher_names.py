"""A code that looks like another voucher's id: the code is what a path names, and nothing else is touched."""

import httpx
import pytest

PATH = "/v1/vouchers"
TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


@pytest.fixture
async def pair(api: httpx.AsyncClient) -> tuple[str, str]:
    """The id of a voucher, and the id of another whose code is that id."""
    first = (await api.post(f"{PATH}/A", json=TEN_PERCENT)).json()
    second = (await api.post(f"{PATH}/{first['id']}", json=TEN_PERCENT)).json()
    assert second["code"] == first["id"]
    return first["id"], second["id"]


async def test_the_code_beats_the_id_in_every_operation(api: httpx.AsyncClient, pair: tuple[str, str]) -> None:
    first, second = pair
    assert (await api.get(f"{PATH}/{first}")).json()["id"] == second
    assert (await api.put(f"{PATH}/{first}", json={"additional_info": "x"})).json()["id"] == second
    assert (await api.post(f"{PATH}/{first}/disable")).json()["id"] == second
    assert (await api.delete(f"{PATH}/{first}")).status_code == 204
    assert (await api.get(f"{PATH}/{first}")).json()["code"] == "A"  # the id, now that nobody has the code


async def test_a_change_of_the_first_never_answers_with_the_second(
    api: httpx.AsyncClient, pair: tuple[str, str]
) -> None:
    changed = (await api.put(f"{PATH}/A", json={"additional_info": "x"})).json()
    assert (changed["id"], changed["code"], changed["additional_info"]) == (pair[0], "A", "x")
    disabled = (await api.post(f"{PATH}/A/disable")).json()
    assert (disabled["id"], disabled["active"]) == (pair[0], False)
    assert (await api.get(f"{PATH}/{pair[1]}")).json()["active"] is True
