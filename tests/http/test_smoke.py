import httpx


async def test_publish_without_a_key_is_unauthorized(anonymous: httpx.AsyncClient) -> None:
    answer = await anonymous.post("/v1/publications", json={})
    assert answer.status_code == 401


async def test_an_operation_of_the_contract_that_is_not_built_says_so(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/loyalties")
    assert (answer.status_code, answer.json()["key"]) == (501, "not_implemented")
