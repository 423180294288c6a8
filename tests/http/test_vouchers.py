from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.actions.conftest import assert_counters_are_exact
from tests.factories.campaigns import add_vouchers

PATH = "/v1/vouchers"
TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


async def made(api: httpx.AsyncClient, code: str = "", **fields: Any) -> dict[str, Any]:
    answer = await api.post(f"{PATH}/{code}" if code else PATH, json=TEN_PERCENT | fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def publish(pool: Pool, project: Project, code: str) -> None:
    """What the publisher writes, as far as vouchers show it."""
    await pool.execute(
        """
        WITH v AS (
          UPDATE vouchers SET state = 3, holder_id = 'cust_1', publish_count = 1 WHERE project_id = $1 AND code = $2
          RETURNING id
        ), p AS (
          INSERT INTO publications (project_id, id, result, customer_id, tracking_id, channel, vouchers_count)
          VALUES ($1, 'pub_1', 'SUCCESS', 'cust_1', 'crm-1', 'API', 1)
        ), k AS (
          UPDATE campaign_counters SET published = published + 1 WHERE project_id = $1 AND campaign_id = ''
        )
        INSERT INTO publication_vouchers
          (project_id, voucher_id, to_customer, id, publication_id, position, code, customer_id)
        SELECT $1, v.id, true, 'rh_1', 'pub_1', 1, $2, 'cust_1' FROM v
        """,
        project.id,
        code,
    )


class TestEverybody:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", ""),
            ("GET", ""),
            ("POST", "/x"),
            ("GET", "/x"),
            ("PUT", "/x"),
            ("DELETE", "/x"),
            ("POST", "/x/enable"),
            ("POST", "/x/disable"),
        ],
    )
    async def test_anonymous_is_unauthorized(self, anonymous: httpx.AsyncClient, method: str, path: str) -> None:
        assert (await anonymous.request(method, PATH + path)).status_code == 401

    async def test_another_project_sees_nothing(self, api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
        voucher = await made(api, "A")
        for name in ("A", voucher["id"]):
            assert (await other_api.get(f"{PATH}/{name}")).status_code == 404
            assert (await other_api.put(f"{PATH}/{name}", json={"active": False})).status_code == 404
            assert (await other_api.post(f"{PATH}/{name}/disable")).status_code == 404
            assert (await other_api.delete(f"{PATH}/{name}?force=true")).status_code == 404
        assert (await other_api.get(PATH)).json()["total"] == 0
        assert (await made(other_api, "A"))["id"] != voucher["id"]
        assert (await api.get(f"{PATH}/A")).json()["active"] is True


class TestCreate:
    async def test_a_random_code_has_eight_alphanumeric_characters(self, api: httpx.AsyncClient) -> None:
        voucher = await made(api)
        assert len(voucher["code"]) == 8
        assert voucher["code"].isalnum()
        assert (voucher["campaign"], voucher["campaign_id"], voucher["updated_at"]) == (None, None, None)

    async def test_a_code_config_is_followed(self, api: httpx.AsyncClient) -> None:
        config = {"prefix": "New-", "pattern": "GIFT-CARD-###", "postfix": "0", "charset": "ab"}
        voucher = await made(api, code_config=config)
        assert voucher["code"].startswith("New-GIFT-CARD-")
        assert voucher["code"].endswith("0")
        assert set(voucher["code"][14:17]) <= {"a", "b"}

    @pytest.mark.parametrize("code", ["A/B", "Test - FB - 9", "50%", "ü?#"])
    async def test_codes_of_all_signs_are_made_and_found_through_the_path(
        self, api: httpx.AsyncClient, code: str
    ) -> None:
        from urllib.parse import quote

        voucher = await made(api, quote(code, safe=""))
        assert voucher["code"] == code
        assert (await api.get(f"{PATH}/{quote(code, safe='')}")).json()["id"] == voucher["id"]
        assert (await api.get(voucher["publish"]["url"].partition("/publications")[0])).json()["code"] == code

    async def test_a_taken_code_is_a_conflict(self, api: httpx.AsyncClient) -> None:
        await made(api, "A")
        for answer in (
            await api.post(f"{PATH}/A", json=TEN_PERCENT),
            await api.post(PATH, json=TEN_PERCENT | {"code": "A"}),
            await api.post(PATH, json=TEN_PERCENT | {"code_config": {"pattern": "A"}}),
        ):
            assert (answer.status_code, answer.json()["key"]) == (409, "duplicate_found")
            assert answer.json()["details"] == "Duplicated voucher exists with id A"

    async def test_the_last_code_of_a_space_is_found_and_then_no_more(self, api: httpx.AsyncClient) -> None:
        config = {"charset": "0123456789", "length": 1}
        codes = {(await made(api, code_config=config))["code"] for _ in range(10)}
        assert codes == set("0123456789")
        answer = await api.post(PATH, json=TEN_PERCENT | {"code_config": config})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_code_config")

    @pytest.mark.parametrize(
        "discount",
        [
            {"type": "AMOUNT", "amount_off": 300, "effect": "APPLY_TO_ITEMS"},
            {"type": "AMOUNT", "amount_off": 300, "amount_off_formula": "IF(1 = 1;25;5)", "aggregated_amount_limit": 9},
            {"type": "PERCENT", "percent_off": 12.5, "amount_limit": 5, "aggregated_amount_limit": 7},
            {"type": "FIXED", "fixed_amount": 1, "effect": "APPLY_TO_ORDER"},
            {"type": "UNIT", "unit_off": 1, "unit_type": "prod_1", "effect": "ADD_NEW_ITEMS"},
            {
                "type": "UNIT",
                "effect": "ADD_MANY_ITEMS",
                "units": [{"unit_off": 1, "unit_type": "prod_1", "effect": "ADD_MISSING_ITEMS"}],
            },
        ],
    )
    async def test_every_discount_comes_back_as_it_was_sent(
        self, api: httpx.AsyncClient, discount: dict[str, Any]
    ) -> None:
        voucher = await made(api, discount=discount)
        assert voucher["discount"] == discount
        assert (voucher["gift"], voucher["loyalty_card"]) == (None, None)

    @pytest.mark.parametrize(
        ("field", "discount"),
        [
            ("amount_off", {"type": "AMOUNT", "amount_off": 1.5}),
            ("aggregated_amount_limit", {"type": "AMOUNT", "amount_off": 1, "aggregated_amount_limit": 0.5}),
            ("amount_limit", {"type": "PERCENT", "percent_off": 12.5, "amount_limit": 1.5}),
            ("fixed_amount", {"type": "FIXED", "fixed_amount": 9.99}),
            ("unit_off", {"type": "UNIT", "unit_off": 1.5, "unit_type": "prod_1"}),
        ],
    )
    async def test_half_a_hundredth_is_refused(
        self, api: httpx.AsyncClient, field: str, discount: dict[str, Any]
    ) -> None:
        for path, body in (
            (PATH, TEN_PERCENT | {"discount": discount}),
            ("/v1/campaigns", {"name": "A", "voucher": TEN_PERCENT | {"discount": discount}}),
        ):
            answer = await api.post(path, json=body)
            assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
            assert f".discount.{field} must be" in answer.json()["details"]
            assert "integer" in answer.json()["details"]
        gift = {"type": "GIFT_VOUCHER", "discount": None, "gift": {"amount": 1.5}}
        assert (await api.post(PATH, json=TEN_PERCENT | gift)).status_code == 400

    async def test_a_gift_card_starts_full(self, api: httpx.AsyncClient) -> None:
        voucher = await made(api, type="GIFT_VOUCHER", discount=None, gift={"amount": 1000})
        assert voucher["gift"] == {
            "amount": 1000,
            "subtracted_amount": 0,
            "balance": 1000,
            "effect": "APPLY_TO_ORDER",
        }

    async def test_everything_else_comes_back_too(self, api: httpx.AsyncClient) -> None:
        sent = {
            "category": "First",
            "start_date": "2026-01-01",
            "expiration_date": "2026-12-31T23:59:59Z",
            "validity_timeframe": {"interval": "P2D", "duration": "PT1H"},
            "validity_day_of_week": [0, 6],
            "additional_info": "note",
            "metadata": {"a": [1, {"b": None}]},
            "redemption": {"quantity": 3},
            "active": False,
        }
        voucher = await made(api, "A", **sent)
        assert (await api.get(f"{PATH}/{voucher['id']}")).json()["id"] == voucher["id"]
        assert voucher["start_date"] == "2026-01-01T00:00:00.000Z"
        assert voucher["expiration_date"] == "2026-12-31T23:59:59.000Z"
        assert voucher["redemption"]["quantity"] == 3
        assert voucher["categories"][0]["name"] == voucher["category"] == "First"
        for name in ("validity_timeframe", "validity_day_of_week", "additional_info", "metadata", "active"):
            assert voucher[name] == sent[name]

    @pytest.mark.parametrize(
        ("fields", "key"),
        [
            ({"discount": None}, "invalid_voucher"),
            ({"type": None, "discount": None}, "invalid_voucher"),
            ({"type": "GIFT_VOUCHER"}, "invalid_voucher"),
            ({"type": "LOYALTY_CARD", "discount": None, "loyalty_card": {"points": 1}}, "invalid_voucher"),
            ({"discount": {"type": "AMOUNT"}}, "invalid_voucher"),
            ({"discount": {"type": "PERCENT", "percent_off": 101}}, "invalid_voucher"),
            ({"discount": {"type": "AMOUNT", "amount_off": 1, "amount_off_formula": "IF(1;2"}}, "invalid_voucher"),
            ({"discount": {"type": "UNIT", "unit_off_formula": "X()", "unit_type": "prod_1"}}, "invalid_voucher"),
            ({"discount": {"type": "BOGUS"}}, "invalid_payload"),
            ({"start_date": "2026-01-02", "expiration_date": "2026-01-01"}, "invalid_voucher"),
            ({"validity_timeframe": {"interval": "P2D", "duration": "PT1H"}}, "invalid_voucher"),
            ({"validity_day_of_week": [7]}, "invalid_payload"),
            ({"redemption": {"quantity": "x"}}, "invalid_payload"),
            ({"code": ""}, "invalid_voucher"),
            ({"code_config": {"length": 0}}, "invalid_code_config"),
        ],
    )
    async def test_what_makes_no_voucher_is_refused_and_leaves_nothing(
        self, api: httpx.AsyncClient, pool: Pool, fields: dict[str, Any], key: str
    ) -> None:
        answer = await api.post(PATH, json=TEN_PERCENT | fields)
        assert (answer.status_code, answer.json()["key"]) == (400, key), answer.text
        assert await pool.fetchval("SELECT count(*) FROM vouchers") == 0

    async def test_an_unknown_category_id_or_campaign_is_not_found(self, api: httpx.AsyncClient) -> None:
        for fields, kind in (({"category_id": "cat_x"}, "category"), ({"campaign": "x"}, "campaign")):
            answer = await api.post(PATH, json=TEN_PERCENT | fields)
            assert (answer.status_code, answer.json()["resource_type"]) == (404, kind)


class TestGet:
    async def test_shows_the_publications(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        await made(api, "A")
        await publish(pool, project, "A")
        shown = (await api.get(f"{PATH}/A")).json()["publish"]
        assert (shown["count"], shown["total"], shown["data_ref"]) == (1, 1, "entries")
        entry = shown["entries"][0]
        assert (entry["customer_id"], entry["customer"], entry["channel"]) == ("cust_1", "crm-1", "API")

    async def test_an_unknown_code_is_not_found(self, api: httpx.AsyncClient) -> None:
        answer = await api.get(f"{PATH}/nobody")
        assert (answer.status_code, answer.json()["resource_type"]) == (404, "voucher")
        assert answer.json()["resource_id"] == "nobody"

    async def test_a_case_insensitive_project_folds_codes(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await pool.execute("UPDATE projects SET case_sensitive_codes = false")
        await made(api, "Abc")
        assert (await api.get(f"{PATH}/aBC")).json()["code"] == "Abc"
        assert (await api.post(f"{PATH}/ABC", json=TEN_PERCENT)).status_code == 409
        assert (await api.get(PATH, params={"code": "ABC"})).json()["total"] == 1


class TestUpdate:
    async def test_changes_what_may_change_and_ignores_the_rest(self, api: httpx.AsyncClient) -> None:
        await made(api, "A", metadata={"a": 1}, start_date="2026-01-01")
        body = {
            "metadata": {"b": 2},
            "start_date": None,
            "additional_info": "x",
            "discount": {"type": "PERCENT", "percent_off": 5, "effect": "APPLY_TO_ITEMS"},
            "code": "B",
            "type": "GIFT_VOUCHER",
            "gift": {"amount": 3},
        }
        voucher = (await api.put(f"{PATH}/A", json=body)).json()
        assert (voucher["code"], voucher["type"], voucher["gift"]) == ("A", "DISCOUNT_VOUCHER", None)
        assert voucher["metadata"] == {"a": 1, "b": 2}
        assert (voucher["start_date"], voucher["additional_info"]) == (None, "x")
        assert voucher["discount"] == body["discount"]
        assert voucher["updated_at"] is not None

    async def test_the_discount_type_never_changes(self, api: httpx.AsyncClient) -> None:
        await made(api, "A")
        answer = await api.put(f"{PATH}/A", json={"discount": {"type": "AMOUNT", "amount_off": 5}})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_voucher")

    async def test_the_result_as_a_whole_must_be_possible(self, api: httpx.AsyncClient) -> None:
        await made(api, "A", start_date="2026-06-01")
        answer = await api.put(f"{PATH}/A", json={"expiration_date": "2026-01-01"})
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_voucher")


class TestSwitch:
    async def test_is_counted_once_however_often_it_is_turned(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        await made(api, "A")
        await made(api, "B", active=False)
        for action, active in (("disable", False), ("disable", False), ("enable", True), ("disable", False)):
            voucher = (await api.post(f"{PATH}/A/{action}")).json()
            assert voucher["active"] is active
            await assert_counters_are_exact(pool, project)
        await api.put(f"{PATH}/A", json={"active": True})
        await assert_counters_are_exact(pool, project)
        events = await pool.fetch("SELECT type FROM events WHERE type LIKE 'voucher.%abled' ORDER BY seq")
        assert [row["type"] for row in events] == ["voucher.disabled", "voucher.enabled", "voucher.disabled"]

    async def test_a_published_voucher_leaves_the_counters_alone(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        await made(api, "A")
        await publish(pool, project, "A")
        await api.post(f"{PATH}/A/disable")
        await assert_counters_are_exact(pool, project)


class TestDelete:
    async def test_the_bin_hides_the_voucher_but_keeps_the_code(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        await made(api, "A", active=False)
        assert (await api.delete(f"{PATH}/A")).status_code == 204
        assert (await api.get(f"{PATH}/A")).status_code == 404
        assert (await api.delete(f"{PATH}/A")).status_code == 404
        assert (await api.post(f"{PATH}/A", json=TEN_PERCENT)).status_code == 409
        assert (await api.get(PATH)).json()["total"] == 0
        await assert_counters_are_exact(pool, project)

    async def test_force_frees_the_code_from_the_bin_too(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        await made(api, "A")
        await made(api, "B")
        await api.delete(f"{PATH}/A")
        for code in "AB":
            assert (await api.delete(f"{PATH}/{code}", params={"force": "true"})).status_code == 204
            await made(api, code)
        await assert_counters_are_exact(pool, project)

    @pytest.mark.parametrize("force", ["true", "false"])
    async def test_a_publication_keeps_the_code_and_who_had_it(
        self, api: httpx.AsyncClient, pool: Pool, project: Project, force: str
    ) -> None:
        await made(api, "A")
        await publish(pool, project, "A")
        await api.delete(f"{PATH}/A", params={"force": force})
        row = await pool.fetchrow("SELECT code, customer_id FROM publication_vouchers")
        assert row is not None
        assert tuple(row) == ("A", "cust_1")
        await assert_counters_are_exact(pool, project)


class TestList:
    async def test_filters_by_everything_that_is_plain(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        first = await made(api, "A", category="First")
        second = await made(api, "B")
        await pool.execute(
            "INSERT INTO customers (project_id, id, source_id) VALUES ($1, 'cust_1', 'crm-1')", project.id
        )
        await publish(pool, project, "B")
        queries: list[tuple[dict[str, Any], list[str]]] = [
            ({"order": "code"}, ["A", "B"]),
            ({"order": "-code"}, ["B", "A"]),
            ({"code": "A"}, ["A"]),
            ({"category": "First"}, ["A"]),
            ({"category": first["category_id"]}, ["A"]),
            ({"customer": "crm-1"}, ["B"]),
            ({"customer": "cust_1"}, ["B"]),
            ({"customer": "nobody"}, []),
            ({"ids": [first["id"], second["id"]], "order": "code"}, ["A", "B"]),
            ({"ids[]": second["id"]}, ["B"]),
            ({"campaign": "x"}, []),
            ({"campaign_id": "x"}, []),
            ({"created_at[before]": "2000-01-01"}, []),
            ({"limit": 1, "page": 2, "order": "code"}, ["B"]),
            ({"limit": 1, "page": 3, "order": "code"}, []),
        ]
        for query, codes in queries:
            page = (await api.get(PATH, params=query)).json()
            assert [voucher["code"] for voucher in page["vouchers"]] == codes, query
            assert page["total"] == (2 if "page" in query else len(codes)), query

    @pytest.mark.parametrize(
        "query", [{"limit": "101"}, {"page": "100"}, {"order": "x"}, {"filters[code][conditions][$like]": "A"}]
    )
    async def test_impossible_parameters_are_refused(self, api: httpx.AsyncClient, query: dict[str, str]) -> None:
        answer = await api.get(PATH, params=query)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"a": ', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"x", {"content-type": "text/plain"}, 415),
        (b" " * 11_000_000, {}, 413),
    ],
)
async def test_a_switch_with_a_broken_body_is_refused_and_not_thrown(
    api, pool, project, content, headers, status
) -> None:
    await add_vouchers(pool, project, None, ["V1"])
    sent = {"content-type": "application/json"} | headers
    response = await api.post("/v1/vouchers/V1/disable", content=content, headers=sent)
    assert response.status_code == status
    assert (await api.get("/v1/vouchers/V1")).json()["active"] is True
