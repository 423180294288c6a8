from typing import Any

import httpx
import pytest

from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.actions.conftest import assert_counters_are_exact, work_off

PATH = "/v1/campaigns"
TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
ONE_CODE = TEN_PERCENT | {"code_config": {"pattern": "A"}}


async def made(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json={"name": "Spring", "voucher": TEN_PERCENT} | fields)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


class TestEverybody:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", ""),
            ("GET", ""),
            ("GET", "/x"),
            ("PUT", "/x"),
            ("DELETE", "/x"),
            ("POST", "/x/enable"),
            ("POST", "/x/disable"),
            ("POST", "/x/vouchers"),
            ("POST", "/x/vouchers/y"),
        ],
    )
    async def test_anonymous_is_unauthorized(self, anonymous: httpx.AsyncClient, method: str, path: str) -> None:
        assert (await anonymous.request(method, PATH + path)).status_code == 401

    async def test_another_project_sees_nothing(self, api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
        campaign = await made(api)
        for name in ("Spring", campaign["id"]):
            for method, path in (
                ("GET", ""),
                ("PUT", ""),
                ("DELETE", ""),
                ("POST", "/enable"),
                ("POST", "/vouchers"),
                ("POST", "/vouchers?vouchers_count=2"),
                ("POST", "/vouchers/A"),
            ):
                answer = await other_api.request(method, f"{PATH}/{name}{path}", json={})
                assert (answer.status_code, answer.json()["resource_type"]) == (404, "campaign"), (method, path)
        assert (await other_api.get(PATH)).json()["total"] == 0
        assert (await made(other_api))["id"] != campaign["id"]


class TestCreate:
    async def test_answers_with_everything_that_was_sent_and_the_defaults(self, api: httpx.AsyncClient) -> None:
        campaign = await made(
            api,
            voucher=TEN_PERCENT | {"code_config": {"pattern": "10OFF-#######"}, "redemption": {"quantity": 10}},
            type="AUTO_UPDATE",
            start_date="2020-08-16T00:00:00.000Z",
            validity_timeframe={"interval": "P2D", "duration": "P1D"},
            validity_day_of_week=[0, 1, 2],
            activity_duration_after_publishing="P24D",
            join_once=True,
            category="First",
            metadata={"region": "AMER"},
        )
        assert campaign["voucher"] == {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 10},
            "redemption": {"quantity": 10},
            "code_config": {
                "length": 7,
                "charset": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                "pattern": "10OFF-#######",
            },
            "is_referral_code": False,
            "start_date": "2020-08-16T00:00:00.000Z",
            "expiration_date": None,
            "validity_timeframe": {"interval": "P2D", "duration": "P1D"},
            "validity_day_of_week": [0, 1, 2],
        }
        assert (campaign["campaign_type"], campaign["type"]) == ("DISCOUNT_COUPONS", "AUTO_UPDATE")
        assert (campaign["join_once"], campaign["auto_join"], campaign["active"]) == (True, False, True)
        assert (campaign["vouchers_count"], campaign["vouchers_generation_status"]) == (0, "DONE")
        assert (campaign["category"], campaign["categories"][0]["name"]) == ("First", "First")
        assert campaign["activity_duration_after_publishing"] == "P24D"
        assert campaign["object"] == "campaign"

    async def test_the_duration_after_publishing_is_kept_as_an_interval_too(
        self, api: httpx.AsyncClient, pool: Pool
    ) -> None:
        await made(api, activity_duration_after_publishing="P1M2DT3H")
        assert await pool.fetchval("SELECT valid_for = interval '1 month 2 days 3 hours' FROM campaigns")

    async def test_one_code_is_there_at_once(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        campaign = await made(api, vouchers_count=1)
        assert (campaign["vouchers_count"], campaign["creation_status"]) == (1, "DONE")
        page = (await api.get("/v1/vouchers", params={"campaign": "Spring"})).json()
        assert page["total"] == 1
        assert page["vouchers"][0]["campaign_id"] == campaign["id"]
        await assert_counters_are_exact(pool, project)

    async def test_many_codes_are_made_in_the_background(
        self, api: httpx.AsyncClient, pool: Pool, project: Project
    ) -> None:
        campaign = await made(api, vouchers_count=3, start_date="2026-01-01")
        assert (campaign["vouchers_count"], campaign["vouchers_generation_status"]) == (0, "IN_PROGRESS")
        await work_off(pool)
        campaign = (await api.get(f"{PATH}/Spring")).json()
        assert (campaign["vouchers_count"], campaign["vouchers_generation_status"]) == (3, "DONE")
        page = (await api.get("/v1/vouchers", params={"campaign_id": campaign["id"]})).json()
        assert page["total"] == 3
        assert {voucher["start_date"] for voucher in page["vouchers"]} == {"2026-01-01T00:00:00.000Z"}
        await assert_counters_are_exact(pool, project)

    async def test_a_taken_name_is_a_conflict_even_in_the_bin(self, api: httpx.AsyncClient) -> None:
        await made(api)
        for _ in range(2):
            answer = await api.post(PATH, json={"name": "Spring", "voucher": TEN_PERCENT})
            assert (answer.status_code, answer.json()["key"]) == (409, "duplicate_found")
            assert answer.json()["resource_id"] == "Spring"
            await api.delete(f"{PATH}/Spring")

    async def test_a_loyalty_program_is_joined_once(self, api: httpx.AsyncClient) -> None:
        campaign = await made(api, voucher={"type": "LOYALTY_CARD", "loyalty_card": {"points": 5}}, vouchers_count=1)
        assert (campaign["campaign_type"], campaign["join_once"]) == ("LOYALTY_PROGRAM", True)
        card = (await api.get("/v1/vouchers")).json()["vouchers"][0]["loyalty_card"]
        assert (card["points"], card["balance"]) == (5, 5)

    async def test_a_referral_program_makes_referral_codes(self, api: httpx.AsyncClient) -> None:
        program = {"conversion_event_type": "redemption"}
        campaign = await made(api, campaign_type="REFERRAL_PROGRAM", referral_program=program, vouchers_count=1)
        assert campaign["referral_program"] == program
        assert (await api.get("/v1/vouchers")).json()["vouchers"][0]["is_referral_code"] is True

    async def test_metadata_goes_to_the_vouchers_unless_it_must_not(self, api: httpx.AsyncClient) -> None:
        await made(api, name="A", metadata={"a": 1}, vouchers_count=1, use_voucher_metadata_schema=False)
        await made(api, name="B", metadata={"b": 1}, vouchers_count=1)
        for name, metadata in (("A", {}), ("B", {"b": 1})):
            page = (await api.get("/v1/vouchers", params={"campaign": name})).json()
            assert page["vouchers"][0]["metadata"] == metadata

    @pytest.mark.parametrize(
        ("fields", "status", "key"),
        [
            ({"name": ""}, 400, "invalid_payload"),
            ({"voucher": None}, 400, "invalid_campaign"),
            ({"voucher": {"type": "DISCOUNT_VOUCHER"}}, 400, "invalid_voucher"),
            ({"campaign_type": "GIFT_VOUCHERS"}, 400, "invalid_campaign"),
            ({"vouchers_count": -1}, 400, "invalid_payload"),
            ({"vouchers_count": 10_000_001}, 400, "invalid_campaign_params"),
            ({"vouchers_count": 2, "type": "STANDALONE"}, 400, "invalid_campaign"),
            (
                {"voucher": TEN_PERCENT | {"code_config": {"pattern": "A"}}, "vouchers_count": 2},
                400,
                "invalid_code_config",
            ),
            ({"activity_duration_after_publishing": "24 days"}, 400, "invalid_payload"),
            ({"category_id": "cat_x"}, 404, "not_found"),
            ({"campaign_type": "PROMOTION", "voucher": None}, 501, "not_implemented"),
        ],
    )
    async def test_what_makes_no_campaign_is_refused_and_leaves_nothing(
        self, api: httpx.AsyncClient, pool: Pool, fields: dict[str, Any], status: int, key: str
    ) -> None:
        answer = await api.post(PATH, json={"name": "Spring", "voucher": TEN_PERCENT} | fields)
        assert (answer.status_code, answer.json()["key"]) == (status, key), answer.text
        for table in ("campaigns", "vouchers", "jobs", "events", "campaign_counters", "counter_changes"):
            assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0


class TestUpdate:
    async def test_writes_what_may_change(self, api: httpx.AsyncClient) -> None:
        await made(api, metadata={"a": 1, "gone": 2}, vouchers_count=1, expiration_date="2030-01-01")
        body = {
            "name": "ignored",
            "description": "d",
            "type": "AUTO_UPDATE",
            "join_once": True,
            "metadata": {"b": 2},
            "unset_metadata_fields": ["gone"],
            "expiration_date": None,
        }
        campaign = (await api.put(f"{PATH}/Spring", json=body)).json()
        assert (campaign["name"], campaign["description"], campaign["type"]) == ("Spring", "d", "AUTO_UPDATE")
        assert (campaign["join_once"], campaign["metadata"]) == (True, {"a": 1, "b": 2})
        assert campaign["expiration_date"] is None
        assert campaign["updated_at"] is not None

    async def test_a_change_that_vouchers_do_not_carry_starts_no_action(
        self, api: httpx.AsyncClient, pool: Pool
    ) -> None:
        await made(api)
        await api.put(f"{PATH}/Spring", json={"description": "d"})
        assert await pool.fetchval("SELECT count(*) FROM async_actions") == 0

    async def test_the_discount_type_and_standalone_stay(self, api: httpx.AsyncClient) -> None:
        await made(api)
        body: dict[str, Any]
        for body, key in (
            ({"voucher": {"discount": {"type": "AMOUNT", "amount_off": 1}}}, "invalid_voucher"),
            ({"type": "STANDALONE"}, "invalid_campaign"),
        ):
            answer = await api.put(f"{PATH}/Spring", json=body)
            assert (answer.status_code, answer.json()["key"]) == (400, key)


class TestSwitch:
    async def test_answers_an_empty_object_and_leaves_codes_alone(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await made(api, vouchers_count=1)
        for action, active in (("disable", False), ("disable", False), ("enable", True)):
            answer = await api.post(f"{PATH}/Spring/{action}")
            assert (answer.status_code, answer.json()) == (200, {})
            assert (await api.get(f"{PATH}/Spring")).json()["active"] is active
            assert await pool.fetchval("SELECT active FROM vouchers") is True
        events = await pool.fetch("SELECT type FROM events WHERE type LIKE '%abled' ORDER BY seq")
        assert [row["type"] for row in events] == ["campaign.disabled", "campaign.enabled"]


class TestDelete:
    async def test_hides_the_campaign_and_its_vouchers_at_once(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await made(api, vouchers_count=1)
        code = (await api.get("/v1/vouchers")).json()["vouchers"][0]["code"]
        answer = await api.delete(f"{PATH}/Spring")
        assert answer.status_code == 202
        assert (await api.get(f"{PATH}/Spring")).status_code == 404
        assert (await api.get(f"/v1/vouchers/{code}")).status_code == 404
        await work_off(pool)
        action = (await api.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
        assert (action["type"], action["status"], action["result"]["done_count"]) == (
            "CAMPAIGN.VOUCHERS_DELETE",
            "DONE",
            1,
        )
        assert (await api.get("/v1/vouchers")).json()["total"] == 0

    async def test_force_frees_the_name_at_once(self, api: httpx.AsyncClient) -> None:
        first = await made(api)
        await api.delete(f"{PATH}/Spring", params={"force": "true"})
        assert (await made(api))["id"] != first["id"]


class TestAddVouchers:
    async def test_one_comes_back_at_once(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        campaign = await made(api, voucher=TEN_PERCENT | {"code_config": {"pattern": "S-###"}})
        voucher = (await api.post(f"{PATH}/Spring/vouchers")).json()
        assert (voucher["campaign_id"], voucher["code"][:2]) == (campaign["id"], "S-")
        body = {
            "metadata": {"a": 1},
            "redemption": {"quantity": 2},
            "code_config": {"pattern": "T-###"},
            "active": False,
        }
        voucher = (await api.post(f"{PATH}/Spring/vouchers?vouchers_count=1", json=body)).json()
        assert (voucher["metadata"], voucher["redemption"]["quantity"]) == ({"a": 1}, 2)
        assert (voucher["code"][:2], voucher["active"]) == ("T-", False)
        await assert_counters_are_exact(pool, project)

    async def test_many_are_an_async_action(self, api: httpx.AsyncClient, pool: Pool, project: Project) -> None:
        await made(api)
        body = {"metadata": {"a": 1}, "expiration_date": "2030-01-01", "active": False}
        answer = await api.post(f"{PATH}/Spring/vouchers?vouchers_count=3", json=body)
        assert answer.status_code == 202
        await work_off(pool)
        action = (await api.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
        assert action["result"] == {"message": "Generated 3 vouchers.", "done_count": 3}
        vouchers = (await api.get("/v1/vouchers")).json()["vouchers"]
        assert [voucher["metadata"] for voucher in vouchers] == [{"a": 1}] * 3
        assert {voucher["expiration_date"] for voucher in vouchers} == {"2030-01-01T00:00:00.000Z"}
        await assert_counters_are_exact(pool, project)

    async def test_a_code_of_ones_own(self, api: httpx.AsyncClient) -> None:
        await made(api)
        assert (await api.post(f"{PATH}/Spring/vouchers/MINE", json={})).json()["code"] == "MINE"
        answer = await api.post(f"{PATH}/Spring/vouchers/MINE", json={})
        assert (answer.status_code, answer.json()["key"]) == (409, "duplicate_found")

    async def test_a_standalone_campaign_takes_a_code_but_makes_none(self, api: httpx.AsyncClient) -> None:
        await made(api, type="STANDALONE")
        answer = await api.post(f"{PATH}/Spring/vouchers")
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_campaign")
        assert (await api.post("/v1/vouchers/ONLY", json=TEN_PERCENT | {"campaign": "Spring"})).status_code == 200

    @pytest.mark.parametrize("count", ["0", "x", "-1", "10000001"])
    async def test_impossible_counts_are_refused(self, api: httpx.AsyncClient, count: str) -> None:
        await made(api)
        answer = await api.post(f"{PATH}/Spring/vouchers?vouchers_count={count}")
        assert answer.status_code == 400


class TestList:
    async def test_shows_categories_on_request(self, api: httpx.AsyncClient) -> None:
        await made(api, category="First")
        assert (await api.get(PATH)).json()["campaigns"][0]["categories"] == []
        page = (await api.get(PATH, params={"expand": "category"})).json()
        assert page["campaigns"][0]["categories"][0]["name"] == "First"

    async def test_filters_by_type(self, api: httpx.AsyncClient) -> None:
        await made(api)
        await made(api, name="Gifts", voucher={"type": "GIFT_VOUCHER", "gift": {"amount": 1}})
        page = (await api.get(PATH, params={"campaign_type": "GIFT_VOUCHERS"})).json()
        assert (page["total"], page["campaigns"][0]["name"]) == (1, "Gifts")
        assert (await api.get(PATH, params={"is_referral_code": "true"})).json()["total"] == 0


class TestAsyncActions:
    async def test_are_listed_newest_first_without_results(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await made(api, vouchers_count=2)
        await work_off(pool)
        await api.put(f"{PATH}/Spring", json={"start_date": "2026-01-01"})
        page = (await api.get("/v1/async-actions", params={"limit": 1})).json()
        assert (page["object"], page["data_ref"], page["has_more"]) == ("list", "async_actions", True)
        assert page["async_actions"][0]["type"] == "CAMPAIGN.VOUCHERS_UPDATE"
        assert "result" not in page["async_actions"][0]
        assert (await api.get("/v1/async-actions?end_date=2000-01-01")).json()["async_actions"] == []

    async def test_anonymous_and_other_projects_see_none(
        self, api: httpx.AsyncClient, other_api: httpx.AsyncClient, anonymous: httpx.AsyncClient
    ) -> None:
        await made(api, vouchers_count=2)
        id_ = (await api.get("/v1/async-actions")).json()["async_actions"][0]["id"]
        assert (await other_api.get(f"/v1/async-actions/{id_}")).status_code == 404
        assert (await other_api.get("/v1/async-actions")).json()["async_actions"] == []
        assert (await anonymous.get("/v1/async-actions")).status_code == 401

    async def test_a_bad_date_is_named(self, api: httpx.AsyncClient) -> None:
        answer = await api.get("/v1/async-actions?end_date=x")
        assert answer.json()["details"] == "Property .end_date cannot be recognized as a ISO-8601 compliant date"
