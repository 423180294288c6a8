"""What clients of other years send: paths that were, words in the place of codes, slashes at the end of paths."""

import re

import httpx
import pytest

from largesse.domain.codes import PATH_WORDS, CodeConfig, codes_at, new_codes
from largesse.http.absent import contract_operations, older_operations
from largesse.http.routes import all_routes
from largesse.store.connection import Pool
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.http.conftest import APP_TOKEN, client_of, make_key
from tests.http.test_publications import assert_refused

PUBLISH = "/v1/vouchers/publish"
DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


async def codes(pool: Pool) -> list[str]:
    return [row["code"] for row in await pool.fetch("SELECT code FROM vouchers ORDER BY code")]


class TestPublish:
    async def test_anonymous_is_401(self, anonymous):
        assert_refused(await anonymous.post(PUBLISH, json={"voucher": "V-1", "customer": "c"}), 401, "unauthorized")

    async def test_other_project_does_not_see_the_voucher(self, other_api, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        assert_refused(await other_api.post(PUBLISH, json={"voucher": "V-1", "customer": "c"}), 404, "not_found")

    @pytest.mark.parametrize("path", [PUBLISH, PUBLISH + "/"])
    async def test_it_publishes_and_answers_the_voucher(self, api, pool, project, path):
        """`client.distributions.publish` of voucherify 2.x (Node)."""
        await make_campaign(pool, project, name="First Ride", vouchers_count=2)
        body = {"campaign": "First Ride", "channel": "Email", "customer": "donny.roll@mail.com"}
        answer = (await api.post(path, json=body)).json()
        assert (answer["object"], answer["campaign"], answer["discount"]["percent_off"]) == (
            "voucher",
            "First Ride",
            10,
        )
        (entry,) = answer["publish"]["entries"]
        assert (entry["customer"], entry["channel"]) == ("donny.roll@mail.com", "Email")
        assert answer["publish"]["count"] == 1
        made = (await api.get("/v1/publications")).json()["publications"]
        assert [one["voucher"]["code"] for one in made] == [answer["code"]]

    async def test_the_campaign_may_stand_in_the_query_and_the_customer_be_an_object(self, api, pool, project):
        await make_campaign(pool, project, name="First Ride", vouchers_count=1)
        customer = {"source_id": "donny", "email": "donny@mail.com"}
        answer = await api.post(PUBLISH, params={"campaign": "First Ride"}, json={"customer": customer})
        assert answer.json()["campaign"] == "First Ride"
        assert (await api.get("/v1/customers/donny")).json()["email"] == "donny@mail.com"

    async def test_a_voucher_by_its_code_and_again_with_a_known_source_id(self, api, pool, project):
        await add_vouchers(pool, project, None, ["V-1"])
        body = {"voucher": "V-1", "customer": "c", "source_id": "order-1"}
        first, again = [(await api.post(PUBLISH, json=body)).json() for _ in range(2)]
        assert (first["code"], first["publish"]["count"]) == ("V-1", 1)
        assert again == first

    async def test_several_codes_are_answered_as_a_publication(self, api, pool, project):
        await make_campaign(pool, project, name="First Ride", vouchers_count=3)
        answer = await api.post(PUBLISH, json={"campaign": {"name": "First Ride", "count": 2}, "customer": "c"})
        assert (answer.json()["object"], len(answer.json()["vouchers"])) == ("publication", 2)

    @pytest.mark.parametrize(
        ("body", "status", "key"),
        [
            ({}, 400, "invalid_payload"),
            ({"campaign": "First Ride"}, 400, "invalid_payload"),
            ({"campaign": "Nowhere", "customer": "c"}, 404, "not_found"),
            ({"campaign": "First Ride", "customer": "c"}, 400, "no_voucher_suitable_for_publication"),
            (DISCOUNT, 400, "invalid_payload"),
        ],
    )
    async def test_a_refusal_is_one_of_the_contract_and_makes_nothing(self, api, pool, project, body, status, key):
        await make_campaign(pool, project, name="First Ride", vouchers_count=0)
        assert_refused(await api.post(PUBLISH, json=body), status, key)
        assert await codes(pool) == []


def words_in_place_of_codes() -> set[str]:
    """Of every operation that is known."""
    paths = [route.path for route in all_routes()] + [
        path for _, path, *_ in contract_operations() + older_operations()
    ]
    return {found[1] for path in paths if (found := re.match(r"/v1/vouchers/([^/{]+)", path))}


class TestPathWords:
    def test_every_word_is_known(self):
        assert words_in_place_of_codes() == PATH_WORDS

    @pytest.mark.parametrize("word", sorted(PATH_WORDS))
    async def test_no_word_of_a_path_becomes_a_code(self, api, pool, project, word):
        await make_campaign(pool, project, name="Camp", vouchers_count=0)
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await api.request(method, f"/v1/vouchers/{word}", json=DISCOUNT)
            assert answer.status_code in {400, 404, 405, 415, 501}, (method, answer.text)
        bodies: list[tuple[str, dict[str, object]]] = [
            ("/v1/vouchers", {**DISCOUNT, "code": word}),
            ("/v1/vouchers", {**DISCOUNT, "code": word, "campaign": "Camp"}),
            (f"/v1/campaigns/Camp/vouchers/{word}", {}),
            ("/v1/campaigns/Camp/vouchers", {"code": word}),
        ]
        for path, body in bodies:
            assert_refused(await api.post(path, json=body), 400, "invalid_voucher", word)
        config = {**DISCOUNT, "code_config": {"pattern": word}}
        assert (await api.post("/v1/vouchers", json=config)).status_code == 400
        assert await codes(pool) == []

    async def test_words_that_only_look_like_one_are_codes(self, api):
        for code in ("PUBLISH", "publish1", "redeem"):
            assert (await api.post("/v1/vouchers", json={**DISCOUNT, "code": code})).status_code == 200
            assert (await api.get(f"/v1/vouchers/{code}")).json()["code"] == code

    def test_random_codes_leave_them_out(self):
        config = CodeConfig(charset="h", prefix="publis", pattern="#", postfix="")
        assert new_codes(config, 3, bytes) == []
        assert codes_at(config, 0, 1) == []
        longer = CodeConfig(charset="hx", prefix="publis", pattern="#", postfix="")
        assert codes_at(longer, 0, 2) == ["publisx"]


class TestSlashes:
    async def test_a_voucher_without_a_code_gets_a_random_one(self, api, pool):
        """`vouchers.create` of the JavaScript client without a code."""
        answer = await api.post("/v1/vouchers/", json=DISCOUNT)
        assert await codes(pool) == [answer.json()["code"]]

    async def test_all_routes_take_them(self, app, api, pool):
        await make_key(pool, None, app_id="management", kind="management")
        keys = {"X-Management-Id": "management", "X-Management-Token": APP_TOKEN}
        async with client_of(app, {**api.headers, **keys}) as client:
            for route in all_routes():
                path = re.sub(r"\{[^}]*\}", "x", route.path)
                for method in sorted((route.methods or set()) - {"HEAD"}):
                    plain, slash = [await client.request(method, each) for each in (path, path + "/")]
                    assert slash.status_code == plain.status_code, (method, path, slash.text)
                    assert slash.status_code != 404 or "Cannot find path" not in slash.text, (method, path)

    async def test_the_kind_of_a_call_is_the_same(self, api):
        limit = "x-rate-limit-limit"
        rows = [{"source_id": "a"}]
        plain, slash = [
            (await api.post(f"/v1/customers/bulk/async{end}", json=rows)).headers[limit] for end in ("", "/")
        ]
        assert plain == slash != (await api.get("/v1/customers")).headers[limit]


class TestOlderOperations:
    @pytest.mark.parametrize(
        ("method", "path", "said"), older_operations(), ids=lambda value: value if "/" in value else ""
    )
    async def test_what_is_not_built_says_so(self, app, pool, project, api, method, path, said):
        await make_key(pool, project, app_id="page", kind="client")
        keys = {"X-Client-Application-Id": "page", "X-Client-Token": APP_TOKEN, "Origin": "https://shop.test"}
        await pool.execute("UPDATE projects SET client_origins = '{*}'")
        async with client_of(app, {**api.headers, **keys}) as client:
            answer: httpx.Response = await client.request(method, re.sub(r"\{[^}]*\}", "x", path), json={})
        assert_refused(answer, 501, "not_implemented", said)
        assert await codes(pool) == []

    def test_none_is_served_or_in_the_contract(self):
        def shape(path: str) -> str:
            return re.sub(r"\{[^}]*\}", "{}", path)

        served = {(method, shape(route.path)) for route in all_routes() for method in route.methods or ()}
        contract = {(method, shape(path)) for method, path in contract_operations()}
        assert not {(method, shape(path)) for method, path, _ in older_operations()} & (served | contract)
