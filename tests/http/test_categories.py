import httpx
import pytest

PATH = "/v1/categories"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", ""), ("GET", ""), ("GET", "/x"), ("PUT", "/x"), ("DELETE", "/x")]
)
async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await anonymous.request(method, PATH + path)).status_code == 401


async def test_another_project_sees_nothing(api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
    category = (await api.post(PATH, json={"name": "A", "hierarchy": 1})).json()
    assert (await other_api.get(f"{PATH}/{category['id']}")).status_code == 404
    body = {"name": "B", "hierarchy": 1}
    assert (await other_api.put(f"{PATH}/{category['id']}", json=body)).status_code == 404
    assert (await other_api.delete(f"{PATH}/{category['id']}")).status_code == 404
    assert (await other_api.get(PATH)).json()["total"] == 0
    assert (await other_api.post(PATH, json={"name": "A", "hierarchy": 1})).status_code == 200


async def test_a_category_is_made_changed_listed_and_deleted(api: httpx.AsyncClient) -> None:
    category = (await api.post(PATH, json={"name": "A", "hierarchy": 0})).json()
    assert list(category) == ["id", "name", "hierarchy", "created_at", "object"]
    changed = (await api.put(f"{PATH}/{category['id']}", json={"name": "B", "hierarchy": 2})).json()
    assert (changed["name"], changed["hierarchy"]) == ("B", 2)
    assert (await api.get(f"{PATH}/{category['id']}")).json() == changed
    assert (await api.get(PATH)).json() == {
        "object": "list", "data_ref": "data", "data": [changed], "total": 1, "has_more": False,
    }  # fmt: skip
    assert (await api.delete(f"{PATH}/{category['id']}")).status_code == 204
    answer = await api.get(f"{PATH}/{category['id']}")
    assert (answer.status_code, answer.json()["resource_type"]) == (404, "category")


@pytest.mark.parametrize("body", [{}, {"name": "A"}, {"hierarchy": 1}, {"name": "A", "hierarchy": -1}, {"name": ""}])
async def test_name_and_hierarchy_are_required(api: httpx.AsyncClient, body: dict[str, object]) -> None:
    for answer in (await api.post(PATH, json=body), await api.put(f"{PATH}/cat_1", json=body)):
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")


async def test_a_taken_name_is_a_conflict(api: httpx.AsyncClient) -> None:
    await api.post(PATH, json={"name": "A", "hierarchy": 1})
    second = (await api.post(PATH, json={"name": "B", "hierarchy": 1})).json()
    for answer in (
        await api.post(PATH, json={"name": "A", "hierarchy": 1}),
        await api.put(f"{PATH}/{second['id']}", json={"name": "A", "hierarchy": 1}),
    ):
        assert (answer.status_code, answer.json()["key"]) == (409, "duplicate_found")
