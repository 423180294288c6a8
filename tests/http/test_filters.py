"""`filters` of each list through HTTP."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from largesse.store import lists
from tests.factories.campaigns import add_vouchers, make_campaign

PUBLICATIONS = "/v1/publications"


async def names(api: httpx.AsyncClient, path: str, key: str, query: str) -> list[Any]:
    """The `key` of each item, sorted; the total agrees."""
    answer = await api.get(f"{path}?{query}")
    body = answer.json()
    assert answer.status_code == 200, body
    items = body[body["data_ref"]]
    assert body["total"] == len(items)
    return sorted(item[key] for item in items)


async def refusal(api: httpx.AsyncClient, path: str, query: str) -> str:
    answer = await api.get(f"{path}?{query}")
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params"), answer.json()
    details: str = answer.json()["details"]
    return details


class TestPublications:
    @pytest.fixture
    async def made(self, api, pool, project) -> list[dict[str, Any]]:
        await make_campaign(pool, project, name="Spring", vouchers_count=5)
        payloads: list[dict[str, Any]] = [
            {"campaign": "Spring", "customer": "bob", "source_id": "s1"},
            {"campaign": {"name": "Spring", "count": 3}, "customer": "eve", "metadata": {"year": 2022}},
            {"campaign": "Spring", "customer": "zoe", "channel": "mail"},
            {"campaign": "Spring", "customer": "bob"},
        ]
        return [(await api.post(PUBLICATIONS, json=payload)).json() for payload in payloads]

    async def ids(self, api, query: str) -> list[str]:
        return await names(api, PUBLICATIONS, "id", query)

    @pytest.mark.parametrize(
        "name", ["filters[customer_id][conditions][$is][0]", "filters%5Bcustomer_id%5D%5Bconditions%5D%5B%24is%5D"]
    )
    async def test_example_one_of_the_seeds(self, api, other_api, made, name):
        """A145, A146, A152."""
        query = f"{name}={made[1]['customer_id']}"
        assert await self.ids(api, query) == [made[1]["id"]]
        assert await self.ids(other_api, query) == []

    async def test_examples_two_of_the_seeds(self, api, made):
        """A147, A148."""
        one, two = made[1]["customer_id"], made[2]["customer_id"]
        expected = sorted([made[1]["id"], made[2]["id"]])
        field = "filters[customer_id][conditions]"
        assert await self.ids(api, f"{field}[$in][0]={one}&{field}[$in][1]={two}") == expected
        twice = f"{field}[$is][0]={one}&{field}[$is][1]={two}"
        assert await self.ids(api, f"{twice}&filters[junction]=OR") == expected
        assert await self.ids(api, f"{twice}&filters[junction]=AND") == []

    async def test_plain_parameters_hold_beside_a_filter_of_any(self, api, made):
        """A149: the junction is the filter's; parameters are joined by and."""
        any_of = "filters[source_id][conditions][$is]=s1&filters[channel][conditions][$is]=mail&filters[junction]=or"
        assert await self.ids(api, any_of) == sorted([made[0]["id"], made[2]["id"]])
        assert await self.ids(api, any_of + "&customer=zoe") == [made[2]["id"]]

    async def test_any_voucher_of_several_is_found(self, api, made):
        """A157."""
        related = "filters[related_object_id][conditions][$is]=" + made[1]["vouchers_id"][2]
        code = "filters[voucher_code][conditions][$is]=" + made[1]["vouchers"][1]
        assert await self.ids(api, related) == await self.ids(api, code) == [made[1]["id"]]

    async def test_failures_are_found_by_their_code_and_result(self, api, made):
        """A150, A151."""
        failed = await self.ids(api, "filters[failure_code][conditions][$has_value]=")
        assert len(failed) == 1
        assert failed == await self.ids(api, "filters[result][conditions][$is]=FAILURE")
        assert failed == await self.ids(api, "filters[failure_code][conditions][$contains]=no_voucher")

    async def test_codes_fold_for_equality_in_a_case_insensitive_project(self, api, pool, project):
        await pool.execute("UPDATE projects SET case_sensitive_codes = false")
        (id,) = await add_vouchers(pool, project, None, ["Abc"])
        await pool.execute("UPDATE vouchers SET code_key = 'abc'")
        made = (await api.post(PUBLICATIONS, json={"voucher": "ABC", "customer": "bob"})).json()
        for query in (
            "filters[voucher_code][conditions][$is]=aBC", "filters[voucher_code][conditions][$in]=x&filters[voucher_code][conditions][$in]=aBC",
            "voucher=aBC", "filters[voucher_code][conditions][$contains]=bc",
        ):  # fmt: skip
            assert await self.ids(api, query) == [made["id"]], query
        assert await self.ids(api, "filters[voucher_code][conditions][$contains]=BC") == []
        assert await names(api, "/v1/vouchers", "id", "filters[code][conditions][$is]=aBC") == [id]

    @pytest.mark.parametrize(
        ("query", "part"),
        [
            ("filters[nope][conditions][$is]=x", ".filters.nope is not a field"),
            ("filters[id][conditions][$nope]=x", ".filters.id.$nope is not a condition"),
            ("filters[id][conditions][$is]=x&filters[junction]=xor", "[and, or]"),
            ("filters[nope][conditions][$is]=x&limit=0", "Property .limit must be >= 1"),
        ],
    )
    async def test_what_is_unknown_is_refused_by_name(self, api, query, part):
        """A149, A174."""
        assert part in await refusal(api, PUBLICATIONS, query)

    async def test_too_many_conditions_are_refused(self, api):
        query = "&".join(f"filters[id][$is]={n}" for n in range(1000))
        answer = await api.get(f"{PUBLICATIONS}?{query}")
        assert (answer.status_code, answer.json()["key"]) == (400, "query_too_large")

    async def test_what_takes_too_long_points_to_exports(self, api, made, monkeypatch):
        monkeypatch.setattr(lists, "FILTERED_TIMEOUT_MS", 1)
        pattern = "&".join(f"filters[metadata.k{n}][conditions][$contains]={n}" for n in range(100))
        details = await refusal(api, PUBLICATIONS, pattern)
        assert "export" in details

    async def test_of_a_voucher_too(self, api, made):
        path = f"/v1/vouchers/{made[0]['voucher']['code']}/publications"
        assert await names(api, path, "id", "filters[source_id][conditions][$is]=s1") == [made[0]["id"]]
        assert await names(api, path, "id", "filters[source_id][conditions][$is_not]=s1") == []


class TestVouchers:
    @pytest.fixture
    async def made(self, api, pool, project) -> dict[str, str]:
        now = datetime.now(UTC)
        campaign = await make_campaign(pool, project, name="Spring", vouchers_count=0)
        category = (await api.post("/v1/categories", json={"name": "Food", "hierarchy": 1})).json()["id"]
        await add_vouchers(pool, project, campaign, ["A"], category_id=category)
        await add_vouchers(pool, project, None, ["B"], active=False, redemption_quantity=5)
        await add_vouchers(pool, project, None, ["C"], expiration_date=now - timedelta(days=3))
        await add_vouchers(pool, project, None, ["D"], start_date=now + timedelta(days=3), validity_day_of_week=[1, 5])
        await add_vouchers(pool, project, None, ["E"], is_referral_code=True)
        await pool.executemany(
            "UPDATE vouchers SET type = $2, metadata = $3 WHERE code = $1",
            [
                ("A", "DISCOUNT_VOUCHER", {"colour": "red"}),
                ("B", "DISCOUNT_VOUCHER", {"n": [1, 2]}),
                ("C", "GIFT_VOUCHER", {}),
            ],
        )
        await pool.execute("UPDATE vouchers SET amount = 900, redeemed = 250, redeemed_quantity = 1 WHERE code = 'C'")
        holder = (await api.post(PUBLICATIONS, json={"voucher": "E", "customer": "bob"})).json()["customer_id"]
        return {"campaign": campaign, "category": category, "holder": holder}

    @pytest.mark.parametrize(
        ("query", "codes"),
        [
            ("filters[code][conditions][$is]=A", "A"),
            ("filters[code][conditions][$starts_with]=B", "B"),
            ("filters[code][conditions][$not_in]=['A', 'B', 'C']", "DE"),
            ("filters[vouchers][conditions][$in]=['A', 'E']", "AE"),
            ("filters[campaign_ids][conditions][$is]={campaign}", "A"),
            ("filters[campaign_ids][conditions][$is_unknown]=", "BCDE"),
            ("filters[categories][conditions][$is]=Food", "A"),
            ("filters[categories][conditions][$is_unknown]=", "BCDE"),
            ("filters[category_ids][conditions][$is]={category}", "A"),
            ("filters[holder_id][conditions][$is]={holder}", "E"),
            ("filters[published_for_customer_id][conditions][$is]={holder}", "E"),
            ("filters[published_for_customer_id][conditions][$starts_with]=cust_", "E"),
            ("filters[voucher_type][conditions][$is]=gift", "C"),
            ("filters[is_referral_code][conditions][$is]=TRUE", "E"),
            ("filters[active][conditions][$active]=", "AE"),
            ("filters[active][conditions][$enabled]=true", "ACDE"),
            ("filters[active][conditions][$disabled]=", "B"),
            ("filters[active][conditions][$expired]=", "C"),
            ("filters[active][conditions][$is]=false", "B"),
            ("filters[created_at][conditions][$after]=2020-01-01", "ABCDE"),
            ("filters[created_date][conditions][$less_than]=1", "ABCDE"),
            ("filters[created_at][conditions][$is_days_ago]=0", "ABCDE"),
            ("filters[expiration_date][conditions][$before]=2100-01-01", "C"),
            ("filters[expiration_date][conditions][$more_than]=2", "C"),
            ("filters[expiration_date][conditions][$less_than]=2", ""),
            ("filters[expiration_date][conditions][$is_days_ago]=3", "C"),
            ("filters[expiration_date][conditions][$has_value]=", "C"),
            ("filters[start_date][conditions][$more_than_future]=2", "D"),
            ("filters[start_date][conditions][$less_than_future]=2", ""),
            ("filters[start_date][conditions][$is_days_in_future]=3", "D"),
            ("filters[validity_day_of_week][conditions][$is]=5", "D"),
            ("filters[validity_day_of_week][conditions][$in]=[0, 2]", ""),
            ("filters[validity_timeframe][conditions][$has_value]=", ""),
            ("filters[redemption.quantity][conditions][$more_than]=4", "B"),
            ("filters[redemption.quantity][conditions][$contains]=5", "B"),
            ("filters[redemption.redeemed_quantity][conditions][$is]=0", "ABDE"),
            ("filters[metadata.colour][conditions][$is]=red", "A"),
            ("filters[metadata.n][conditions][$is]=2.0", "B"),
            ("filters[metadata.n][conditions][$more_than]=2", ""),
            ("filters[metadata.n][conditions][$is_unknown]=", "ACDE"),
            ("filters[metadata.n][conditions][$count]=2", "B"),
            ("filters[metadata.n][conditions][$count]=1", ""),
            ("filters[metadata.n][conditions][$count_more]=1", "B"),
            ("filters[metadata.n][conditions][$count_less]=2", ""),
            ("filters[metadata.colour][conditions][$count_less]=9", ""),
            ("filters[redemption_status][conditions][$is]=redeemed", "C"),
            ("filters[redemption_status][conditions][$is_not]=REDEEMED", "ABDE"),
            ("filters[redemption_status][conditions][$in]=['NOT_REDEEMED']", "ABDE"),
            ("filters[redemption.redeemed_amount][conditions][$more_than]=249", "C"),
            ("filters[redemption.redeemed_amount][conditions][$is_unknown]=", "ABDE"),
            ("filters[redemption.redeemed_points][conditions][$has_value]=", ""),
            # The two of the official JavaScript suite.
            ("filters[junction]=OR&filters[campaign_ids][conditions][$in][0]=does-not-exist&filters[code][conditions][$is]=B", "B"),
            ('filters={"junction":"OR","campaign_ids":{"conditions":{"$in":["none"]}},"code":{"conditions":{"$is":"B"}}}', "B"),
        ],
    )  # fmt: skip
    async def test_each_field(self, api, made, query, codes):
        for name, id in made.items():
            query = query.replace(f"{{{name}}}", id)
        assert await names(api, "/v1/vouchers", "code", query) == list(codes)

    async def test_what_is_unknown_is_refused(self, api):
        assert "active" in await refusal(api, "/v1/vouchers", "filters[nope][conditions][$is]=x")
        assert "$expired" in await refusal(api, "/v1/vouchers", "filters[active][conditions][$nope]=x")
        for number in ("-1", "x", "1.5", "9999999", ""):
            query = f"filters[metadata.n][conditions][$count]={number}"
            assert "must be a number of items from 0 to 999999" in await refusal(api, "/v1/vouchers", query)
        assert "$count" in await refusal(api, "/v1/vouchers", "filters[code][conditions][$count]=1")


class TestCampaigns:
    @pytest.fixture
    async def made(self, api, pool, project) -> str:
        now = datetime.now(UTC)
        category: str = (await api.post("/v1/categories", json={"name": "Food", "hierarchy": 1})).json()["id"]
        await make_campaign(pool, project, name="A", category_id=category, metadata={"colour": "red"})
        await make_campaign(pool, project, name="B", type="AUTO_UPDATE", active=False, generation_status="FAILED")
        await make_campaign(pool, project, name="C", expiration_date=now - timedelta(days=3))
        await make_campaign(pool, project, name="D", type="STANDALONE", start_date=now + timedelta(days=3))
        await make_campaign(
            pool, project, name="E", campaign_type="REFERRAL_PROGRAM", generation_status="IN_PROGRESS",
            voucher={"type": "GIFT_VOUCHER"}, validity_day_of_week=[1, 5],
        )  # fmt: skip
        return category

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("filters[campaigns][conditions][$in]=['A', 'E']", "AE"),
            ("filters[campaigns_id][conditions][$starts_with]=camp_", "ABCDE"),
            ("filters[categories][conditions][$contains]=oo", "A"),
            ("filters[category_ids][conditions][$is]={category}", "A"),
            ("filters[campaign_status][conditions][$is]=DONE", "ACD"),
            ("filters[status][conditions][$active]=", "ACD"),
            ("filters[status][conditions][$failed]=", "B"),
            ("filters[status][conditions][$in_progress]=", "E"),
            ("filters[status][conditions][$expired]=", "C"),
            ("filters[status][conditions][before_start]=", "D"),
            ("filters[active][conditions][$active]=", "AE"),
            ("filters[active][$disabled]={}", "B"),
            (
                "filters[active][conditions][$expired]=&filters[active][conditions][$disabled]=&filters[junction]=or",
                "BC",
            ),
            ("filters[is_referral_code][conditions][$is]=TRUE", "E"),
            ("filters[is_referral_code][conditions][$is_not]=TRUE", "ABCD"),
            ("filters[voucher_type][conditions][$is]=GIFT_VOUCHER", "E"),
            ("filters[type][conditions][$in]=BULK", "ABCE"),
            ("filters[type][conditions][$not_in]=['BULK']", "D"),
            ("filters[type][conditions][$in]=['STANDALONE', 'AUTO_UPDATE']", "BD"),
            ("filters[created_date][conditions][$more_than]=1", ""),
            ("filters[created_at][conditions][$less_than]=1", "ABCDE"),
            ("filters[updated_at][conditions][$is_unknown]=", "ABCDE"),
            ("filters[start_date][conditions][$after]=2024-01-01%2000:00:00%2B00:00", "D"),
            ("filters[expiration_date][conditions][$more_than]=2", "C"),
            ("filters[validity_timeframe][conditions][$is_unknown]=", "ABCDE"),
            ("filters[validity_day_of_week][conditions][$is]=[1, 5]", "E"),
            ("filters[validity_day_of_week][conditions][$is]=[1, 2]", ""),
            ("filters[metadata.colour][conditions][$is]=red", "A"),
        ],
    )
    async def test_each_field(self, api, made, query, found):
        query = query.replace("{category}", made)
        assert await names(api, "/v1/campaigns", "name", query) == list(found)

    async def test_what_is_unknown_is_refused(self, api):
        assert "$in_progress" in await refusal(api, "/v1/campaigns", "filters[status][conditions][$is]=x")


class TestCustomers:
    @pytest.fixture
    async def made(self, api, pool, project) -> dict[str, Any]:
        for customer in (
            {"source_id": "a", "name": "Ann", "email": "ann@example.com", "phone": "+47", "birthdate": "1990-01-02"},
            {"source_id": "b", "name": "Bob", "address": {"city": "Oslo", "country": "NO"}, "metadata": {"vip": True}},
            {
                "source_id": "c%",
                "name": "ann",
                "description": "100% _",
                "birthday": "2001-02-03",
                "metadata": {"n": 10},
            },
        ):
            assert (await api.post("/v1/customers", json=customer)).status_code == 200
        await add_vouchers(pool, project, None, ["V"])
        made: dict[str, Any] = (await api.post(PUBLICATIONS, json={"voucher": "V", "customer": "b"})).json()
        return made

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("filters[name][conditions][$is]=Ann", "a"),
            ("filters[name][conditions][$is_not]=Ann", "b c%"),
            ("filters[source_id][conditions][$contains]=%25", "c%"),
            ("filters[description][conditions][$ends_with]=%25 _", "c%"),
            ("filters[email][conditions][$ends_with]=@example.com", "a"),
            ("filters[email][conditions][$not_contain]=x", "b c%"),
            ("filters[phone][conditions][$has_value]=", "a"),
            ("filters[city][conditions][$is]=Oslo", "b"),
            ("filters[address.country][conditions][$in]=['NO', 'SE']", "b"),
            ("filters[birthdate][conditions][$is]=1990-01-02", "a"),
            ("filters[birthdate][conditions][$contains]=-01-", "a"),
            ("filters[birthday][conditions][$after]=2000-01-01", "c%"),
            ("filters[birthday][conditions][$more_than]=100", "c%"),
            ("filters[created_at][conditions][$more_than_ago]=1", ""),
            ("filters[updated_at][conditions][$has_value]=", ""),
            ("filters[publications.created_at][conditions][$after]=2020-01-01", "b"),
            ("filters[publications.created_at][conditions][$is_unknown]=", "a c%"),
            ("filters[publications.related_object_id][conditions][$is]={voucher}", "b"),
            ("filters[id][conditions][$is]={customer}", "b"),
            ("filters[metadata.vip][conditions][$is]=true", "b"),
            ("filters[metadata.n][conditions][$more_than]=9", "c%"),
        ],
    )
    async def test_each_field(self, api, made, query, found):
        query = query.replace("{customer}", made["customer_id"]).replace("{voucher}", made["voucher"]["id"])
        assert await names(api, "/v1/customers", "source_id", query) == found.split()

    async def test_the_cursor_and_more_still_work(self, api, made):
        answer = await api.get("/v1/customers?filters[name][conditions][$has_value]=&limit=2")
        assert (answer.json()["total"], answer.json()["has_more"]) == (3, True)


async def test_every_list_describes_its_filters(anonymous):
    paths = (await anonymous.get("/openapi.json")).json()["paths"]
    for path in (PUBLICATIONS, "/v1/vouchers", "/v1/campaigns", "/v1/customers", "/v1/vouchers/{code}/publications"):
        (parameter,) = [each for each in paths[path]["get"]["parameters"] if each["name"] == "filters"]
        assert (parameter["style"], parameter["explode"]) == ("deepObject", True)
        assert "junction" in parameter["schema"]["properties"]
    assert json.dumps(paths).count("$not_contain") > 50
