"""Segments of customers."""

from typing import Any

import httpx
import pytest

from largesse.domain import segments as domain
from largesse.domain.customers import FILTERS
from largesse.domain.filters import COUNTS, IN_DAYS, Kind
from largesse.store.connection import Pool
from tests.http.conftest import client_of
from tests.http.test_publications import assert_refused
from tests.http.test_tokens import bearer, token_of

PATH = "/v1/segments"


async def customer(api: httpx.AsyncClient, source_id: str, **fields: Any) -> str:
    answer = await api.post("/v1/customers", json={"source_id": source_id, **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def made(api: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await api.post(PATH, json={"name": "S", **fields})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def of_filter(api: httpx.AsyncClient, field: str, operator: str, value: Any, **more: Any) -> dict[str, Any]:
    return await made(api, filter={field: {"conditions": {operator: value}}}, **more)


async def members(api: httpx.AsyncClient, segment: dict[str, Any], **query: Any) -> list[str]:
    """Source ids."""
    answer = await api.get("/v1/customers", params={"segment_id": segment["id"], **query})
    assert answer.status_code == 200, answer.text
    found = [one["source_id"] for one in answer.json()["customers"]]
    assert answer.json()["total"] == len(found)
    return sorted(found)


async def segments_of(api: httpx.AsyncClient, name: str) -> list[str]:
    answer = await api.get(f"/v1/customers/{name}/segments")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["object"], body["data_ref"], body["total"]) == ("list", "data", len(body["data"]))
    assert all(list(one) == ["id", "name", "object"] for one in body["data"])
    return [one["name"] for one in body["data"]]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", PATH), ("GET", PATH), ("GET", PATH + "/x"), ("DELETE", PATH + "/x"), ("GET", "/v1/customers/x/segments")]
)  # fmt: skip
async def test_anonymous_is_unauthorized(anonymous: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await anonymous.request(method, path)).status_code == 401


async def test_another_project_sees_nothing(api: httpx.AsyncClient, other_api: httpx.AsyncClient) -> None:
    await customer(api, "a")
    segment = await made(api, customers=["a"])
    assert_refused(await other_api.get(f"{PATH}/{segment['id']}"), 404, "not_found")
    assert_refused(await other_api.delete(f"{PATH}/{segment['id']}"), 404, "not_found")
    assert (await other_api.get(PATH)).json()["total"] == 0
    await customer(other_api, "a")
    assert await segments_of(other_api, "a") == []
    assert await members(other_api, segment) == []
    assert_refused(await other_api.post(PATH, json={"name": "S", "customers": ["b"]}), 404, "not_found")


async def test_the_scope_segments_opens_it(app, api: httpx.AsyncClient) -> None:
    async with client_of(app, bearer(await token_of(api, "segments"))) as client:
        assert (await client.get(PATH)).status_code == 200
        assert (await client.get("/v1/customers")).status_code in (401, 403)


class TestStatic:
    async def test_holds_those_named_by_id_or_source_id(self, api: httpx.AsyncClient) -> None:
        a = await customer(api, "a")
        for name in ("b", "c"):
            await customer(api, name)
        segment = await made(api, type="static", customers=[a, "b", "a"])
        assert list(segment) == ["id", "name", "created_at", "type", "filter", "initial_sync_status", "object"]
        assert segment["id"].startswith("seg_")
        assert (segment["type"], segment["filter"], segment["object"]) == ("static", None, "segment")
        assert (await api.get(f"{PATH}/{segment['id']}")).json() == segment
        assert await members(api, segment) == ["a", "b"]
        assert (await segments_of(api, "b"), await segments_of(api, a), await segments_of(api, "c")) == (
            ["S"],
            ["S"],
            [],
        )

    async def test_unknown_customers_are_named_and_nothing_is_made(self, api: httpx.AsyncClient) -> None:
        await customer(api, "a")
        answer = await api.post(PATH, json={"name": "S", "customers": ["a", "nobody"]})
        assert_refused(answer, 404, "not_found", "Cannot find customer with id nobody")
        answer = await api.post(PATH, json={"name": "S", "customers": [f"n{n:02}" for n in range(12)]})
        assert answer.json()["details"].endswith("n09 and 2 more")
        assert (await api.get(PATH)).json()["total"] == 0

    @pytest.mark.own_database  # in the shared one the planner may know the table as one of three rows, and takes seconds
    async def test_has_a_largest_number_of_customers(self, api: httpx.AsyncClient, pool: Pool, project) -> None:
        await pool.execute(
            "INSERT INTO customers (project_id, id, source_id, created_at) SELECT $1, 'cust_' || n, 's' || n,"
            " now() - n * interval '1 ms' FROM generate_series(1, 20001) n", project.id
        )  # fmt: skip
        names = [f"s{n}" for n in range(1, 20_002)]
        answer = await api.post(PATH, json={"name": "S", "customers": names})
        assert_refused(answer, 400, "invalid_payload")
        assert ".customers" in answer.json()["details"]
        segment = await made(api, customers=names[:20_000])
        answer = await api.get("/v1/customers", params={"segment_id": segment["id"]})
        assert answer.json()["total"] == 20_000

    async def test_whoever_is_deleted_leaves_it(self, api: httpx.AsyncClient, pool: Pool) -> None:
        for name in "abc":
            await customer(api, name)
        segment = await made(api, customers=["a", "b", "c"])
        await made(api, name="T", customers=["b"])
        await api.delete("/v1/customers/a")
        erased = (await api.post("/v1/customers/b/permanent-deletion")).json()
        assert erased["data_json"]["segments"] == 2
        assert await members(api, segment) == ["c"]
        assert await pool.fetchval("SELECT count(*) FROM segment_members") == 1

    async def test_deleting_it_keeps_its_customers(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await customer(api, "a")
        segment = await made(api, customers=["a"])
        assert (await api.delete(f"{PATH}/{segment['id']}")).status_code == 204
        assert await segments_of(api, "a") == []
        assert await members(api, segment) == []
        assert await pool.fetchval("SELECT count(*) FROM segment_members") == 0
        for answer in (await api.get(f"{PATH}/{segment['id']}"), await api.delete(f"{PATH}/{segment['id']}")):
            assert_refused(answer, 404, "not_found", f"Cannot find segment with id {segment['id']}")


class TestFilter:
    @pytest.mark.row("A038")
    async def test_metadata_written_by_a_publication_puts_a_customer_in(self, api: httpx.AsyncClient) -> None:
        """A038"""
        segment = await of_filter(api, "metadata.tier", "$is", ["gold"])
        await api.post(
            "/v1/vouchers/V", json={"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 5}}
        )
        sent = {"source_id": "a", "metadata": {"tier": "gold"}}
        assert (await api.post("/v1/publications", json={"voucher": "V", "customer": sent})).status_code == 200
        await customer(api, "b", metadata={"tier": "silver"})
        assert segment["type"] == "passive"
        assert await members(api, segment) == ["a"]
        assert (await segments_of(api, "a"), await segments_of(api, "b")) == (["S"], [])

    async def test_the_filter_comes_back_as_it_was_sent_and_so_does_the_type(self, api: httpx.AsyncClient) -> None:
        wanted = {"junction": "and", "created_at": {"conditions": {"$after": ["2021-12-01T00:00:00.000Z"]}}}
        segment = await made(api, type="auto-update", filter=wanted, customers=None)
        assert (segment["type"], segment["filter"]) == ("auto-update", wanted)
        await customer(api, "a")
        assert await members(api, segment) == ["a"]

    async def test_the_other_parameters_narrow_it_further(self, api: httpx.AsyncClient) -> None:
        segment = await of_filter(api, "address.country", "$is", "PL")
        for name, city in (("a", "Berlin"), ("b", "Torun"), ("c", "Torun")):
            await customer(api, name, name=name, address={"country": "PL", "city": city})
        await customer(api, "d", address={"country": "DE", "city": "Torun"})
        assert await members(api, segment) == ["a", "b", "c"]
        assert await members(api, segment, city="Torun") == ["b", "c"]
        either = {
            "filters[name][conditions][$is]": "b",
            "filters[source_id][conditions][$is]": "a",
            "filters[junction]": "or",
        }
        assert await members(api, segment, **either) == ["a", "b"]
        static = await made(api, customers=["a", "b"])
        assert await members(api, static, city="Torun") == ["b"]

    @pytest.mark.parametrize(
        ("field", "operator", "value"),
        [
            ("metadata.age", "$more_than", 9), ("metadata.age", "$less_than_equal", "10"), ("metadata.age", "$is", [10]),
            ("metadata.joined", "$after", "2024-04-30"), ("metadata.joined", "$before", ["2024-05-02T00:00:00Z"]),
            ("metadata.joined", "$more_than_ago", 30), ("metadata.tags", "$in", ["x", "blue"]),
            ("metadata.soon", "$less_than_future", 366000), ("metadata.none", "$is_unknown", ""),
            ("birthdate", "$before", "1991-01-01"), ("created_at", "$less_than_ago", 1), ("created_at", "$is_days_ago", 0),
            ("email", "$ends_with", "@x.test"), ("updated_at", "$is_unknown", ""), ("name", "$starts_with", "An"),
            ("address.city", "$contains", "oru"), ("summary.redemptions.gift.amount_to_go", "$is", 9500),
            ("summary.redemptions.loyalty_card.points_to_go", "$more_than_equal", 30), ("loyalty.points", "$less_than", 31),
            ("summary.redemptions.gift.redeemed_amount", "$is", 0), ("metadata.tags", "$count", 2),
            ("summary.redemptions.loyalty_card.redeemed_points", "$less_than", 1), ("metadata.tags", "$count_more", 1),
        ],
    )  # fmt: skip
    async def test_every_kind_of_field_tells_customers_apart(
        self, api: httpx.AsyncClient, field: str, operator: str, value: Any
    ) -> None:
        metadata = {"age": 10, "joined": "2024-05-01T10:00:00.000+02:00", "tags": ["red", "blue"], "soon": "2999-01-01"}
        await customer(
            api, "a", name="Anna", email="a@x.test", birthdate="1990-05-05", address={"city": "Torun"}, metadata=metadata
        )  # fmt: skip
        await hold_cards(api, "a")
        segment = await of_filter(api, field, operator, value)
        assert await members(api, segment) == ["a"]
        assert await segments_of(api, "a") == ["S"]
        opposite = {
            "$more_than": "$less_than_equal",
            "$less_than": "$more_than_equal",
            "$is": "$is_not",
            "$in": "$not_in",
        }
        if operator in opposite:
            assert await members(api, await of_filter(api, field, opposite[operator], value)) == []

    @pytest.mark.parametrize(
        "text", ["no date", "2024-13-45", "2024-02-30T00:00:00Z", "", "9" * 400, 20240501, None, [], {}]
    )
    async def test_metadata_that_is_no_date_is_on_no_side_of_one(self, api: httpx.AsyncClient, text: Any) -> None:
        await customer(api, "a", metadata={"joined": text})
        for operator, value in (
            ("$after", "2000-01-01"),
            ("$before", "2100-01-01"),
            ("$more_than_ago", 1),
            ("$is_days_ago", 1),
        ):
            assert await members(api, await of_filter(api, "metadata.joined", operator, value)) == []

    async def test_birthdays_of_the_next_month(self, api: httpx.AsyncClient, pool: Pool) -> None:
        month = await pool.fetchval("SELECT to_char((now() AT TIME ZONE 'UTC') + interval '1 month', 'MM')")
        await customer(api, "a", birthdate=f"1990-{month}-05")
        await customer(api, "b", birthdate=f"1990-{int(month) % 12 + 1:02}-05")
        await customer(api, "c")
        assert await members(api, await of_filter(api, "birthdate", "$next_month", [True])) == ["a"]

    async def test_every_operator_of_every_field_can_be_asked(self, api: httpx.AsyncClient) -> None:
        await customer(api, "a", birthdate="1990-05-05", metadata={"a": [1, "x", None, {"b": 1}]})
        values = {Kind.NUMBER: "1", Kind.DATE: "9999-12-31", Kind.DATE_TIME: "0001-01-02T00:00:00Z"}
        for name, field in FILTERS.items():
            days = IN_DAYS | {"$after", "$before"}
            value = {
                operator: "" if operator in field.states else "366000" if operator in {*IN_DAYS, *COUNTS} else "9999-12-31"
                if operator in days and field.kind is Kind.METADATA else values.get(field.kind, "a%_'$1{0}")
                for operator in field.operators
            }  # fmt: skip
            wanted = {"junction": "or", f"{name}.a" if name == "metadata" else name: {"conditions": value}}
            segment = await made(api, name=name, filter=wanted)
            assert await members(api, segment) in ([], ["a"])
        await segments_of(api, "a")
        await segments_of(api, "stranger")

    async def test_an_unknown_customer_gets_those_he_would_fall_into(self, api: httpx.AsyncClient) -> None:
        await of_filter(api, "source_id", "$starts_with", "vip-", name="vip")
        await of_filter(api, "email", "$is_not", "bob@x.test", name="not bob")
        await of_filter(api, "metadata.a", "$has_value", "", name="has a")
        await of_filter(api, "created_at", "$is_days_ago", 0, name="today")
        await of_filter(api, "loyalty.points", "$is", 0, name="no points")
        await of_filter(api, "publications.created_at", "$is_unknown", "", name="never got any")
        assert set(await segments_of(api, "vip-1")) == {"vip", "not bob", "today", "no points", "never got any"}
        assert "vip" not in await segments_of(api, "other")
        assert (await api.get("/v1/customers")).json()["total"] == 0

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"filter": {"nope": {"conditions": {"$is": "x"}}}}, ["Property .filter.nope is not a field"]),
            ({"filter": {"email": {"conditions": {"$nope": "x"}}}}, ["Property .filter.email.$nope is not a condition"]),
            ({"filter": {"created_at": {"conditions": {"$after": "x"}}, "nope": {}, "junction": "xor"}}, [".filter.created_at.$after", ".filter.junction"]),
            ({"filter": {"summary.orders.total_amount": {"conditions": {"$is": 1}}}}, ["is not a field of this list"]),
            ({"filter": {"email": "x"}}, ["Property .filter.email must be object"]),
            ({"filter": {}, "type": "passive"}, ["Property .filter must have at least one condition"]),
            ({"filter": {"junction": "or"}}, ["Property .filter must have at least one condition"]),
            ({"type": "auto-update"}, ["Property .filter must have at least one condition"]),
            ({"type": "auto-update", "customers": ["a"]}, [".customers must be absent", ".filter must have"]),
            ({"type": "static", "filter": {"email": {"conditions": {"$is": "x"}}}}, [".filter must be absent"]),
            ({"type": "dynamic", "name": ""}, [".type", ".name"]),
            ({"name": None}, [".name"]),
            ({"filter": {"email": {"conditions": {"$in": ["x"] * 501}}}}, ["'filter' must not have more than 500 values"]),
            ({"filter": {"email": {"conditions": {"$is": "x" * 70_000}}}}, ["must not be larger than"]),
            ({"customers": "a"}, [".customers must be array"]),
            ({"customers": [1]}, [".customers[0] must be string"]),
        ],
    )  # fmt: skip
    async def test_what_is_wrong_is_said_and_nothing_is_made(
        self, api: httpx.AsyncClient, fields: dict[str, Any], words: list[str]
    ) -> None:
        answer = await api.post(PATH, json={"name": "S", **fields})
        assert_refused(answer, 400, "invalid_payload")
        assert all(word in answer.json()["details"] for word in words), answer.text
        assert (await api.get(PATH)).json()["total"] == 0

    async def test_a_project_has_a_largest_number_of_them(
        self, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(domain, "FILTERED_MAX", 2)
        monkeypatch.setattr(domain, "STATIC_MAX", 1)
        first = await of_filter(api, "email", "$is", "x")
        await of_filter(api, "email", "$is", "y", type="auto-update")
        condition = {"email": {"conditions": {"$is": "z"}}}
        answer = await api.post(PATH, json={"name": "S", "filter": condition})
        assert_refused(answer, 400, "invalid_payload", "A project can have up to 2 passive and auto-update segments")
        await made(api, type="static")
        assert_refused(
            await api.post(PATH, json={"name": "S"}),
            400,
            "invalid_payload",
            "A project can have up to 1 static segments",
        )
        await api.delete(f"{PATH}/{first['id']}")
        await made(api, filter=condition)


class TestList:
    async def test_newest_first_with_pages_and_filters(self, api: httpx.AsyncClient) -> None:
        for name in ("one", "two"):
            await made(api, name=name)
        await of_filter(api, "email", "$is", "x", name="three")

        async def names(**query: Any) -> list[str]:
            answer = await api.get(PATH, params=query)
            assert answer.status_code == 200, answer.text
            return [one["name"] for one in answer.json()["data"]]

        assert await names() == ["three", "two", "one"]
        assert await names(order="created_at") == ["one", "two", "three"]
        assert await names(limit=1, page=2) == ["two"]
        assert (await api.get(PATH, params={"limit": 2})).json()["has_more"] is True
        assert await names(**{"filters[type][conditions][$is]": "static"}) == ["two", "one"]
        assert await names(
            **{"filters[name][conditions][$contains]": "e", "filters[type][conditions][$is_not]": "static"}
        ) == ["three"]
        assert await names(**{"created_at[before]": "2020-01-01"}) == []
        assert await names(**{"filters[created_at][conditions][$more_than]": "2020-01-01"}) == ["three", "two", "one"]
        answer = await api.get(PATH, params={"filters[nope][conditions][$is]": "x", "limit": "0"})
        assert_refused(answer, 400, "invalid_query_params")
        assert ".filters.nope" in answer.json()["details"]
        assert ".limit" in answer.json()["details"]


async def hold_cards(api: httpx.AsyncClient, source_id: str) -> None:
    """A gift card of 100.00 of which 5.00 are gone, and a loyalty card of 30 points."""
    campaign = {
        "name": "club",
        "campaign_type": "LOYALTY_PROGRAM",
        "voucher": {"type": "LOYALTY_CARD", "loyalty_card": {"points": 30}},
    }
    for path, body in (
        ("/v1/vouchers/GIFT", {"type": "GIFT_VOUCHER", "gift": {"amount": 10000}}), ("/v1/campaigns", campaign),
        ("/v1/campaigns/club/vouchers/CARD", {}), ("/v1/vouchers/GIFT/balance", {"amount": -500}),
        ("/v1/publications", {"voucher": "GIFT", "customer": source_id}),
        ("/v1/publications", {"voucher": "CARD", "customer": source_id}),
    ):  # fmt: skip
        answer = await api.post(path, json=body)
        assert answer.status_code == 200, answer.text


class TestSummaries:
    @pytest.mark.row("A102", "A104")
    async def test_a_customer_shows_the_balances_of_his_cards(self, api: httpx.AsyncClient) -> None:
        """A102, A104"""
        await customer(api, "a")
        await customer(api, "b")
        await hold_cards(api, "a")
        await api.post("/v1/vouchers/CARD/balance", json={"amount": 20})
        one = (await api.get("/v1/customers/a")).json()
        assert one["summary"]["redemptions"]["gift"] == {"redeemed_amount": 0, "amount_to_go": 9500}
        assert one["summary"]["redemptions"]["loyalty_card"] == {"redeemed_points": 0, "points_to_go": 50}
        assert one["loyalty"] == {
            "points": 50,
            "referred_customers": 0,
            "campaigns": {"club": {"points": 50, "referred_customers": 0}},
        }
        assert one["referrals"] == {"total": 0, "campaigns": []}
        assert (one["object"], one["system_metadata"], one["source_id"]) == ("customer", {}, "a")
        listed = {row["source_id"]: row for row in (await api.get("/v1/customers")).json()["customers"]}
        assert listed["a"] == one
        assert listed["b"]["loyalty"] == {"points": 0, "referred_customers": 0, "campaigns": {}}
        assert (await api.put("/v1/customers/a", json={"name": "A"})).json()["loyalty"]["points"] == 50
        assert (await api.post("/v1/customers", json={"source_id": "a"})).json()["loyalty"]["points"] == 50

    async def test_points_taken_away_are_no_longer_to_go(self, api: httpx.AsyncClient) -> None:
        await hold_cards(api, "a")
        await api.post("/v1/vouchers/CARD/balance", json={"amount": -10})
        one = (await api.get("/v1/customers/a")).json()
        assert one["summary"]["redemptions"]["loyalty_card"]["points_to_go"] == 20
        assert (one["loyalty"]["points"], one["loyalty"]["campaigns"]["club"]["points"]) == (30, 20)
