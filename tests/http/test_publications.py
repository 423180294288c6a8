"""POST and GET /v1/publications as a client sees them."""

import asyncio
import re

import pytest

from largesse.domain import errors
from tests.factories.campaigns import add_vouchers, make_campaign

PUBLICATIONS = "/v1/publications"


@pytest.fixture
async def code(pool, project) -> str:
    await add_vouchers(pool, project, None, ["V-1"])
    return "V-1"


@pytest.fixture
async def campaign(pool, project) -> str:
    return await make_campaign(pool, project, name="100k-test", vouchers_count=5)


def assert_refused(response, status: int, key: str, details: str = "") -> None:
    body = response.json()
    assert response.status_code == status, body
    assert (body["code"], body["key"]) == (status, key)
    assert details in body.get("details", "")
    assert re.fullmatch(r"v-[0-9a-f]{18}", body["request_id"])


class TestCreate:
    async def test_anonymous_is_401(self, anonymous, code):
        assert_refused(await anonymous.post(PUBLICATIONS, json={"voucher": code, "customer": "c"}), 401, "unauthorized")

    async def test_other_project_does_not_see_the_voucher(self, other_api, code):
        response = await other_api.post(PUBLICATIONS, json={"voucher": code, "customer": "c"})
        assert_refused(response, 404, "not_found")

    async def test_single_publication_has_every_key_of_the_reference(self, api, campaign):
        """The sample of seed 003, key by key."""
        response = await api.post(
            PUBLICATIONS,
            json={
                "campaign": {"name": "100k-test"},
                "customer": {"source_id": "pub_source_customer_5", "name": "Bob Jones", "email": "bob@x", "metadata": {"t": True}},
                "metadata": {"year": 2022},
                "channel": "myown",
                "source_id": "publication_source_ID_10",
            },
        )  # fmt: skip
        body = response.json()
        assert response.status_code == 200
        assert list(body) == [
            "id", "object", "created_at", "customer_id", "tracking_id", "metadata", "channel", "source_id", "result",
            "customer", "voucher", "vouchers_id",
        ]  # fmt: skip
        assert re.fullmatch(r"pub_[A-Za-z0-9]{32}", body["id"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["created_at"])
        assert body["tracking_id"] == "pub_source_customer_5"
        assert (body["channel"], body["source_id"], body["result"]) == ("myown", "publication_source_ID_10", "SUCCESS")
        assert body["metadata"] == {"year": 2022}
        assert body["customer"] == {
            "id": body["customer_id"], "name": "Bob Jones", "email": "bob@x", "source_id": "pub_source_customer_5",
            "metadata": {"t": True}, "object": "customer",
        }  # fmt: skip
        voucher = body["voucher"]
        assert set(voucher) >= {
            "id", "code", "campaign", "campaign_id", "category", "category_id", "type", "discount", "gift", "loyalty_card",
            "start_date", "expiration_date", "validity_timeframe", "validity_day_of_week", "active", "additional_info",
            "metadata", "assets", "is_referral_code", "created_at", "updated_at", "holder_id", "redemption", "publish", "object",
        }  # fmt: skip
        assert voucher["campaign"] == "100k-test"
        assert voucher["holder_id"] == body["customer_id"]
        assert voucher["publish"] == {
            "object": "list", "count": 1, "url": f"/v1/vouchers/{voucher['code']}/publications?page=1&limit=10",
        }  # fmt: skip
        assert body["vouchers_id"] == [voucher["id"]]

    async def test_several_codes_and_a_customer_without_ids(self, api, campaign):
        """The second request of seed 000."""
        response = await api.post(
            PUBLICATIONS,
            json={
                "campaign": {"name": "100k-test", "count": 2},
                "customer": {"email": "erlich@bachmanity.com", "name": "Erlich Bachman"},
                "metadata": {"test": True, "provider": "Shop Admin"},
            },
        )
        body = response.json()
        assert len(set(body["vouchers"])) == len(set(body["vouchers_id"])) == 2
        assert "voucher" not in body
        assert (body["channel"], body["tracking_id"]) == ("API", None)

    async def test_campaign_and_customer_may_be_bare_strings(self, api, campaign):
        body = (await api.post(PUBLICATIONS, json={"campaign": "100k-test", "customer": "bob"})).json()
        again = (await api.post(PUBLICATIONS, json={"campaign": campaign, "customer": body["customer_id"]})).json()
        assert body["tracking_id"] == again["tracking_id"] == "bob"

    async def test_code_with_a_slash_is_published(self, api, pool, project):
        await add_vouchers(pool, project, None, ["A/B %1"])
        body = (await api.post(PUBLICATIONS, json={"voucher": "A/B %1", "customer": "bob"})).json()
        assert body["voucher"]["publish"]["url"] == "/v1/vouchers/A%2FB%20%251/publications?page=1&limit=10"
        listed = (await api.get(body["voucher"]["publish"]["url"])).json()
        assert [item["id"] for item in listed["publications"]] == [body["id"]]

    async def test_nulls_and_unknown_fields_mean_nothing(self, api, campaign):
        response = await api.post(
            PUBLICATIONS,
            json={
                "voucher": None, "campaign": {"name": "100k-test", "count": None}, "channel": None, "source_id": None,
                "metadata": None, "customer": {"source_id": "bob", "Name": "stray", "email": None, "address": None}, "x": 1,
            },
        )  # fmt: skip
        body = response.json()
        assert (body["channel"], body["metadata"], body["source_id"]) == ("API", {}, None)
        assert body["customer"]["name"] is None

    @pytest.mark.parametrize("where", ["query", "body"])
    async def test_join_once_stands_in_query_or_body(self, api, campaign, where):
        payload = {"campaign": "100k-test", "customer": "bob"} | ({"join_once": True} if where == "body" else {})
        path = PUBLICATIONS + ("?join_once=True" if where == "query" else "")
        first, again = [(await api.post(path, json=payload)).json() for _ in range(2)]
        assert first["id"] == again["id"]
        assert (await api.post(PUBLICATIONS + "?join_once=false", json=payload)).json()["id"] != first["id"]

    @pytest.mark.parametrize(
        ("payload", "key", "details"),
        [
            ({"voucher": "V-1"}, "invalid_payload", "customer"),
            ({"voucher": "V-1", "customer": {}}, "invalid_payload", "customer"),
            ({"voucher": "V-1", "customer": ""}, "invalid_payload", "customer"),
            ({"customer": "c"}, "missing_vouchers", "Either Campaign or Voucher is required"),
            ({"customer": "c", "campaign": {}}, "missing_vouchers", ""),
            ({"customer": "c", "campaign": {"name": "100k-test", "count": 0}}, "invalid_payload", ".campaign.count must be >= 1"),
            ({"customer": "c", "campaign": {"name": "100k-test", "count": "2"}}, "invalid_payload", ".campaign.count"),
            ({"customer": "c", "campaign": {"name": "100k-test", "count": 51}}, "too_many_vouchers_requested", "up to 50"),
            ({"customer": "c", "campaign": {"name": "100k-test", "count": 2}, "source_id": "s"}, "too_many_vouchers_requested", "up to 1"),
            ({"customer": {"source_id": "c", "birthdate": "12/01/1990"}, "voucher": "V-1"}, "invalid_payload", ".customer.birthdate"),
            ({"customer": {"source_id": "c", "birthday": "1990-02-30"}, "voucher": "V-1"}, "invalid_payload", ".customer.birthday"),
            ({"customer": "c\0", "voucher": "V-1"}, "invalid_payload", "NUL"),
            ({"customer": "c", "voucher": "V-1", "metadata": {"a": ["\0"]}}, "invalid_payload", ".metadata.a[0]"),
            ({"customer": "c", "voucher": "V-1", "metadata": [1]}, "invalid_payload", ".metadata"),
            ({"customer": "c", "voucher": "V-1", "metadata": {"a": "x" * 70_000}}, "invalid_payload", ".metadata"),
            ({"customer": "c", "voucher": "V-1", "channel": "x" * 256}, "invalid_payload", ".channel"),
        ],
    )  # fmt: skip
    async def test_bad_payload_is_refused_and_changes_nothing(self, api, pool, code, campaign, payload, key, details):
        assert_refused(await api.post(PUBLICATIONS, json=payload), 400, key, details)
        for table in ("publications", "customers", "events"):
            assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0

    async def test_every_fault_is_reported_at_once(self, api):
        payload = {"voucher": 1, "channel": [], "customer": {"source_id": 5, "metadata": 3}, "source_id": {}}
        details = (await api.post(PUBLICATIONS, json=payload)).json()["details"]
        for path in (".voucher", ".channel", ".customer.source_id", ".customer.metadata", ".source_id"):
            assert path in details

    async def test_lone_surrogate_is_refused(self, api, code):
        body = b'{"voucher":"V-1","customer":"\\ud800"}'
        response = await api.post(PUBLICATIONS, content=body, headers={"content-type": "application/json"})
        assert_refused(response, 400, "invalid_payload", "surrogate")

    async def test_refusals_have_their_keys_and_are_listed(self, api, pool, project, campaign, code):
        await api.post(PUBLICATIONS, json={"voucher": code, "customer": "a"})
        response = await api.post(PUBLICATIONS, json={"voucher": code, "customer": "b", "metadata": {"k": 1}})
        assert_refused(response, 400, "voucher_already_published", "has already been published")
        listed = (await api.get(PUBLICATIONS + "?result=FAILURE")).json()
        (item,) = listed["publications"]
        assert listed["total"] == 1
        assert item["failure_code"] == "voucher_already_published"
        assert item["failure_message"] == "Voucher already published"
        assert (item["metadata"], item["vouchers_id"], item["tracking_id"]) == ({"k": 1}, [], "b")
        assert "voucher" not in item

    async def test_unknown_things_are_named(self, api, code, campaign):
        for payload, type, id in (
            ({"voucher": "nope", "customer": "c"}, "voucher", "nope"),
            ({"campaign": {"name": "nope"}, "customer": "c"}, "campaign", "nope"),
            ({"voucher": code, "customer": "cust_nope"}, "customer", "cust_nope"),
        ):
            response = await api.post(PUBLICATIONS, json=payload)
            assert_refused(response, 404, "not_found", f"Cannot find {type} with id {id}")
            assert (response.json()["resource_type"], response.json()["resource_id"]) == (type, id)

    async def test_failure_messages_are_the_errors_own(self, pool):
        """The statement writes them beside the key: they must not drift from the error tree."""
        from largesse.store import publications as store

        for error in (
            errors.NoVoucherSuitableForPublication(), errors.VoucherAlreadyPublished(), errors.VoucherCannotBePublished(),
        ):  # fmt: skip
            message = error.message.replace("'", "''")
            assert f"'{error.key}', '{message}'" in store._SQL["publish"]


class TestList:
    @pytest.fixture
    async def published(self, api, pool, project, code, campaign):
        """Nine publications: campaign singles, a multiple one, a named voucher, a failure."""
        await make_campaign(pool, project, name="other", vouchers_count=2)
        made = []
        for n, payload in enumerate(
            [
                {"campaign": "100k-test", "customer": "bob", "channel": "mail"},
                {"campaign": "100k-test", "customer": "eve", "source_id": "s1"},
                {"campaign": {"name": "100k-test", "count": 2}, "customer": "bob"},
                {"campaign": "other", "customer": {"email": "no ids"}},
                {"voucher": code, "customer": "zoe", "channel": "api2"},
                {"voucher": code, "customer": "eve"},
            ]
        ):
            made.append((await api.post(PUBLICATIONS, json=payload)).json())
            await asyncio.sleep(0.002 * (n % 2))
        return made

    async def listed(self, api, query=""):
        response = await api.get(PUBLICATIONS + query)
        assert response.status_code == 200, response.json()
        body = response.json()
        assert (body["object"], body["data_ref"]) == ("list", "publications")
        return body

    async def test_anonymous_is_401_and_others_see_nothing(self, anonymous, other_api, published):
        assert_refused(await anonymous.get(PUBLICATIONS), 401, "unauthorized")
        assert await self.listed(other_api) == {
            "object": "list",
            "data_ref": "publications",
            "publications": [],
            "total": 0,
        }

    async def test_newest_first_with_three_shapes(self, api, published):
        body = await self.listed(api)
        assert body["total"] == 6
        failure, single, _, multiple, *_ = body["publications"]
        assert failure["failure_code"] == "voucher_already_published"
        assert single["voucher"] == {
            "code": "V-1", "object": "voucher", "campaign": None,
            "discount": {"type": "PERCENT", "percent_off": 10.0}, "is_referral_code": False,
        }  # fmt: skip
        assert multiple["vouchers"] == published[2]["vouchers"]
        assert "voucher" not in multiple
        moments = [item["created_at"] for item in body["publications"]]
        assert moments == sorted(moments, reverse=True)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("?campaign=100k-test", [2, 1, 0]),
            ("?campaign_name=other", [3]),
            ("?customer=bob", [2, 0]),
            ("?voucher=V-1", [4]),
            ("?result=SUCCESS", [4, 3, 2, 1, 0]),
            ("?voucher_type=discount&result=SUCCESS", [4, 3, 2, 1, 0]),
            ("?voucher_type=loyalty", []),
            ("?is_referral_code=true", []),
            ("?is_referral_code=false&customer=zoe", [4]),
            ("?source_id=s1", [1]),
            ("?source_id=s1&customer=bob", []),
            ("?campaign=unknown", []),
            ("?created_at[after]=2100-01-01", []),
            ("?[created_at][after]=2000-01-01&customer=zoe", [4]),
            ("?created_at[before]=2000-01-01", []),
        ],
    )
    async def test_plain_parameters(self, api, published, query, expected):
        body = await self.listed(api, query)
        assert [item["id"] for item in body["publications"]] == [published[n]["id"] for n in expected]
        assert body["total"] == len(expected)

    async def test_ids_are_parameters_too(self, api, published, campaign):
        by_campaign = await self.listed(api, f"?parent_object_id={campaign}")
        assert by_campaign["total"] == 3
        second = published[2]["vouchers_id"][1]
        assert [i["id"] for i in (await self.listed(api, f"?related_object_id={second}"))["publications"]] == [
            published[2]["id"]
        ]
        code = published[2]["vouchers"][1]
        assert [i["id"] for i in (await self.listed(api, f"?voucher={code}"))["publications"]] == [published[2]["id"]]
        assert (await self.listed(api, f"?customer={published[0]['customer_id']}"))["total"] == 2

    @pytest.mark.parametrize("order", ["id", "voucher_code", "tracking_id", "customer_id", "created_at", "channel"])
    @pytest.mark.parametrize("sign", ["", "-"])
    async def test_orders_are_stable_across_pages_with_unset_values_last(self, api, published, order, sign):
        def value(item):
            if order == "voucher_code":
                return item["voucher"]["code"] if "voucher" in item else item.get("vouchers", [None])[0]
            return item[order]

        pages = [await self.listed(api, f"?order={sign}{order}&limit=2&page={page}") for page in (1, 2, 3, 4)]
        items = [item for page in pages for item in page["publications"]]
        assert len({item["id"] for item in items}) == 6
        assert pages[3]["publications"] == []
        with_value = [(value(item), item["id"]) for item in items if value(item) is not None]
        assert with_value == sorted(with_value, reverse=bool(sign))
        assert [value(item) for item in items[len(with_value) :]] == [None] * (6 - len(with_value))

    @pytest.mark.parametrize(
        ("query", "key"),
        [
            ("?limit=0", "invalid_query_params"), ("?limit=101", "invalid_query_params"), ("?limit=x", "invalid_query_params"),
            ("?page=0", "invalid_query_params"), ("?page=1.5", "invalid_query_params"), ("?page=1001", "page_over_limit"),
            ("?order=foo", "invalid_query_params"), ("?result=MAYBE", "invalid_query_params"),
            ("?voucher_type=paper", "invalid_query_params"), ("?created_at[after]=soon", "invalid_query_params"),
        ],
    )  # fmt: skip
    async def test_bad_parameters_are_refused(self, api, query, key):
        assert_refused(await api.get(PUBLICATIONS + query), 400, key)

    async def test_pages_up_to_a_thousand_are_served(self, api, published):
        assert (await self.listed(api, "?page=1000"))["publications"] == []

    async def test_publications_of_a_voucher(self, api, published, anonymous):
        body = (await api.get("/v1/vouchers/V-1/publications?page=1&limit=10")).json()
        assert [item["id"] for item in body["publications"]] == [published[4]["id"]]
        assert body["total"] == 1
        assert_refused(await api.get("/v1/vouchers/nope/publications"), 404, "not_found")
        assert_refused(await anonymous.get("/v1/vouchers/V-1/publications"), 401, "unauthorized")
