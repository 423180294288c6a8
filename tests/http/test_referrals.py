"""Referral programmes."""

from typing import Any

import httpx
import pytest

from largesse.store.connection import Pool
from tests.http.test_publications import assert_refused
from tests.http.test_segments import customer

PERCENT = {"discount": {"type": "PERCENT", "percent_off": 10}}
PROGRAM = {"conversion_event_type": "custom_event", "custom_event": {"name": "signed_up"}}
HOLDER = {
    *("id", "created_at", "redeemable_id", "redeemable_object", "customer_id", "holder_role", "campaign_id"),
    *("campaign_type", "voucher_type", "metadata", "object"),
}


async def programme(api: httpx.AsyncClient, name: str = "friends", **fields: Any) -> str:
    sent = {"name": name, "campaign_type": "REFERRAL_PROGRAM", "voucher": PERCENT, "referral_program": PROGRAM}
    answer = await api.post("/v1/campaigns", json={**sent, "type": "AUTO_UPDATE", **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


@pytest.fixture
async def code(api: httpx.AsyncClient) -> dict[str, Any]:
    """The voucher of a referrer with the source id `ann`, in the campaign `friends`."""
    await programme(api)
    answer = await api.post("/v1/publications", json={"campaign": "friends", "customer": "ann", "metadata": {"a": 1}})
    assert answer.status_code == 200, answer.text
    voucher: dict[str, Any] = answer.json()["voucher"]
    return voucher


def path(member: str, campaign: str | None = None) -> str:
    return "/v1/referrals/" + (f"{campaign}/" if campaign else "") + f"members/{member}/holders"


async def add(api: httpx.AsyncClient, code: dict[str, Any], *names: str, **body: Any) -> list[dict[str, Any]]:
    holders = [{"source_id": name} for name in names]
    answer = await api.post(path(code["code"]), json={"holders": holders, **body})
    assert answer.status_code == 200, answer.text
    added: list[dict[str, Any]] = answer.json()["holders"]
    return added


async def holders(api: httpx.AsyncClient, code: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = await api.get(path(code["code"]), params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def logged(pool: Pool, type_: str) -> list[dict[str, Any]]:
    rows = await pool.fetch("SELECT data FROM events WHERE type = $1 ORDER BY xid, seq", type_)
    return [row["data"] for row in rows]


class TestHolders:
    @pytest.mark.row("A188")
    async def test_the_referrer_is_who_the_code_was_published_to(self, api: httpx.AsyncClient, code) -> None:
        body = await holders(api, code)
        [holder] = body["data"]
        assert (body["total"], body["has_more"], "more_starting_after" in body) == (1, False, False)
        assert set(holder) == HOLDER
        assert holder["id"].startswith("rh_")
        assert (holder["holder_role"], holder["customer_id"]) == ("REFERRER", code["holder_id"])
        assert (holder["redeemable_id"], holder["campaign_type"]) == (code["id"], "REFERRAL_PROGRAM")
        assert holder["metadata"] == {"a": 1}

    async def test_referees_are_added_in_the_order_sent_and_written_as_customers(
        self, api: httpx.AsyncClient, code, pool: Pool
    ) -> None:
        await customer(api, "bob")
        sent = [{"source_id": "zoe", "name": "Zoe"}, {"source_id": "bob", "metadata": {"tier": 1}}]
        answer = await api.post(
            path(code["id"], code["campaign_id"]), json={"holders": sent, "metadata": {"from": "x"}}
        )
        assert answer.status_code == 200, answer.text
        added = answer.json()["holders"]
        assert all(set(each) == HOLDER for each in added)
        assert [each["holder_role"] for each in added] == ["REFEREE", "REFEREE"]
        assert added[0]["metadata"] == {"from": "x"}
        zoe, bob = [(await api.get(f"/v1/customers/{name}")).json() for name in ("zoe", "bob")]
        assert [each["customer_id"] for each in added] == [zoe["id"], bob["id"]]
        assert (zoe["name"], bob["metadata"]) == ("Zoe", {"tier": 1})
        listed = await holders(api, code, order="id")
        assert listed["total"] == 3
        assert {each["id"] for each in added} == {each["id"] for each in listed["data"][1:]}
        told = await logged(pool, "customer.holder.assignment.created")
        assert [each["customer"]["id"] for each in told] == [zoe["id"], bob["id"]]
        assert told[0]["holder"]["holder_id"] == zoe["id"]
        wallet = (await api.get("/v1/customers/bob/redeemables")).json()["data"]
        assert [(each["redeemable_id"], each["holder_role"]) for each in wallet] == [(code["id"], "REFEREE")]

    async def test_pages_and_filters(self, api: httpx.AsyncClient, code) -> None:
        added = await add(api, code, "b", "c", "d")
        first = await holders(api, code, limit=3)
        assert (len(first["data"]), first["total"], first["has_more"]) == (3, 4, True)
        rest = await holders(api, code, limit=3, starting_after_id=first["more_starting_after"])
        assert [each["holder_role"] for each in rest["data"]] == ["REFERRER"]
        role = "filters[holder_role][conditions][$is][0]"
        referees = await holders(api, code, **{role: "REFEREE"})
        assert (referees["total"], len(referees["data"])) == (3, 3)
        one = await holders(api, code, **{"filters[customer_id][conditions][$is][0]": added[0]["customer_id"]})
        assert [each["id"] for each in one["data"]] == [added[0]["id"]]

    async def test_no_code_may_be_given_before_it_has_a_referrer(self, api: httpx.AsyncClient, pool: Pool) -> None:
        await programme(api)
        free = (await api.post("/v1/campaigns/friends/vouchers", json={})).json()
        answer = await api.post(path(free["code"]), json={"holders": [{"source_id": "bob"}]})
        assert_refused(answer, 400, "not_published")
        assert answer.json()["details"].startswith("Referral code must be first published to Referrer")
        assert await pool.fetchval("SELECT count(*) FROM customers") == 0

    @pytest.mark.parametrize(
        ("body", "faults"),
        [
            ({}, ["holders"]),
            ({"holders": []}, [".holders"]),
            ({"holders": [{"source_id": f"c{n}"} for n in range(101)]}, [".holders"]),
            ({"holders": [{"name": "A"}, {"source_id": "b"}, {}]}, [".holders[0]", ".holders[2]"]),
            ({"holders": [{"source_id": " "}, {"source_id": "b"}, {"id": ""}]}, [".holders[0].source_id", ".holders[2].id"]),
            ({"holders": [{"source_id": 1}, {"id": 2}], "metadata": 3}, [".holders[0].source_id", ".holders[1].id", ".metadata"]),
        ],
    )  # fmt: skip
    async def test_a_wrong_body_is_told_in_full(self, api: httpx.AsyncClient, code, body, faults) -> None:
        answer = await api.post(path(code["code"]), json=body)
        assert_refused(answer, 400, "invalid_payload")
        assert all(fault in answer.json()["details"] for fault in faults), answer.text

    async def test_all_or_nobody(self, api: httpx.AsyncClient, code, pool: Pool) -> None:
        await add(api, code, "bob")
        count = await pool.fetchval("SELECT count(*) FROM events")
        for names, key in (
            (["new", "bob"], "holder_assignement_duplication"),
            (["new", "ann"], "holder_assignement_duplication"),
            (["new", "new"], "duplicate_found"),
        ):
            sent = [{"source_id": name} for name in names]
            assert_refused(await api.post(path(code["code"]), json={"holders": sent}), 409, key)
        sent = [{"source_id": "new"}, {"id": "cust_nobody"}]
        assert_refused(await api.post(path(code["code"]), json={"holders": sent}), 404, "not_found")
        sent += [{"id": "cust_another"}]
        assert_refused(await api.post(path(code["code"]), json={"holders": sent}), 400, "invalid_payload")
        assert (await api.get("/v1/customers/new")).status_code == 404
        assert (await holders(api, code))["total"] == 2
        assert await pool.fetchval("SELECT count(*) FROM events") == count

    async def test_metadata_follow_the_schema_of_publications(self, api: httpx.AsyncClient, code, pool: Pool) -> None:
        await pool.execute(
            "INSERT INTO metadata_schemas (project_id, id, related_object, allow_defined_only, properties)"
            " SELECT id, 'ms_1', 'publication', true, '{}' FROM projects"
        )
        answer = await api.post(path(code["code"]), json={"holders": [{"source_id": "b"}], "metadata": {"x": 1}})
        assert_refused(answer, 400, "metadata_validation_failed")

    async def test_a_referee_is_removed_and_the_referrer_never(self, api: httpx.AsyncClient, code, pool: Pool) -> None:
        [bob] = await add(api, code, "bob")
        [referrer] = [one for one in (await holders(api, code))["data"] if one["holder_role"] == "REFERRER"]
        answer = await api.delete(f"{path(code['code'])}/{referrer['id']}")
        assert_refused(answer, 403, "forbidden")
        assert answer.json()["details"] == "You can not remove Referrer assignment"
        assert (await api.delete(f"{path(code['code'], 'friends')}/{bob['id']}")).status_code == 204
        assert_refused(await api.delete(f"{path(code['code'])}/{bob['id']}"), 404, "not_found")
        assert (await holders(api, code))["total"] == 1
        assert len(await logged(pool, "customer.holder.assignment.deleted")) == 1
        await add(api, code, "bob")

    async def test_only_referral_codes_of_that_campaign(self, api: httpx.AsyncClient, code) -> None:
        await programme(api, "others")
        await api.post("/v1/vouchers/plain", json={"type": "DISCOUNT_VOUCHER", **PERCENT})
        for wrong in (path(code["code"], "others"), path(code["code"], "nothing"), path("plain"), path("nothing")):
            for answer in (
                await api.get(wrong),
                await api.post(wrong, json={"holders": [{"source_id": "b"}]}),
                await api.delete(wrong + "/rh_1"),
            ):
                assert_refused(answer, 404, "not_found")

    async def test_whoever_is_deleted_holds_it_no_longer(self, api: httpx.AsyncClient, code) -> None:
        await add(api, code, "bob", "eve")
        await api.delete("/v1/customers/bob")
        await api.post("/v1/customers/eve/permanent-deletion")
        assert (await holders(api, code))["total"] == 1


async def track(api: httpx.AsyncClient, name: str, event: str = "signed_up", **referral: Any) -> httpx.Response:
    body = {"event": event, "customer": {"source_id": name}, "referral": referral}
    return await api.post("/v1/events", json=body)


class TestReferrals:
    async def test_a_custom_event_through_a_code_refers_its_customer_once(
        self, api: httpx.AsyncClient, code, pool: Pool
    ) -> None:
        for referral in ({"code": code["code"]}, {"code": code["id"], "referrer_id": "ann"}):
            answer = await track(api, "bob", **referral)
            assert answer.status_code == 200, answer.text
            assert answer.json()["referral"] == {"code": code["code"], "referrer_id": code["holder_id"]}
        bob, ann = [(await api.get(f"/v1/customers/{name}")).json() for name in ("bob", "ann")]
        [fact] = bob["referrals"]["campaigns"]
        assert bob["referrals"]["total"] == 1
        assert fact["related_object_id"].startswith("ev_")
        assert (fact["campaign_id"], fact["referrer_id"], fact["related_object_type"]) == (
            code["campaign_id"],
            ann["id"],
            "custom_event",
        )
        assert ann["loyalty"]["referred_customers"] == 1
        assert ann["loyalty"]["campaigns"] == {"friends": {"points": 0, "referred_customers": 1}}
        assert ann["referrals"] == {"total": 0, "campaigns": []}
        [listed] = [one for one in (await api.get("/v1/customers")).json()["customers"] if one["source_id"] == "bob"]
        assert listed["referrals"] == bob["referrals"]
        [told] = await logged(pool, "customer.referred")
        assert (told["customer"]["id"], told["referrer"]["id"]) == (bob["id"], ann["id"])
        assert (told["voucher"]["code"], told["custom_event"]["type"]) == (code["code"], "signed_up")
        summary = (await api.get("/v1/campaigns/friends/summary")).json()
        assert summary["referred_customers"] == 1

    async def test_the_activity_shows_it_and_pages_go_past_it(self, api: httpx.AsyncClient, code) -> None:
        await track(api, "bob", code=code["code"])
        types: list[str] = []
        query: dict[str, str] = {"limit": "1"}
        while True:
            page = (await api.get("/v1/customers/bob/activity", params=query)).json()
            types += [one["type"] for one in page["data"]]
            if not page["has_more"]:
                break
            query["starting_after_id"] = page["more_starting_after"]
        assert types == ["customer.referred", "customer.custom_event", "customer.created"]
        [one] = (await api.get("/v1/customers/bob/activity?type=customer.referred")).json()["data"]
        assert one["campaign"]["id"] == code["campaign_id"]
        assert one["data"]["data"]["referrer"]["source_id"] == "ann"
        [same] = (await api.get(f"/v1/customers/bob/activity?campaign_id={code['campaign_id']}")).json()["data"]
        assert same["id"] == one["id"]

    async def test_what_makes_no_referral_is_refused_and_nothing_is_written(
        self, api: httpx.AsyncClient, code, pool: Pool
    ) -> None:
        free = (await api.post("/v1/campaigns/friends/vouchers", json={})).json()
        before = await pool.fetchval("SELECT count(*) FROM events")
        await customer(api, "eve")
        for status, key, event, referral in (
            (404, "not_found", "signed_up", {"code": "nothing"}),
            (400, "not_published", "signed_up", {"code": free["code"]}),
            (400, "invalid_payload", "other", {"code": code["code"]}),
            (400, "invalid_payload", "signed_up", {"code": code["code"], "referrer_id": "eve"}),
            (400, "invalid_payload", "signed_up", {"referrer_id": "ann"}),
        ):
            assert_refused(await track(api, "bob", event, **referral), status, key)
        assert_refused(await track(api, "ann", code=code["code"]), 400, "referrer_not_permitted_to_redeem")
        assert (await api.get("/v1/customers/bob")).status_code == 404
        assert await pool.fetchval("SELECT count(*) FROM events") == before + 1  # eve

    async def test_facts_outlive_code_campaign_and_customer(self, api: httpx.AsyncClient, code) -> None:
        await track(api, "bob", code=code["code"])
        await api.delete("/v1/campaigns/friends?force=true")
        await api.delete("/v1/customers/ann")
        assert (await api.get("/v1/customers/bob")).json()["referrals"]["total"] == 1


class TestProgrammes:
    @pytest.mark.parametrize(
        ("program", "fault"),
        [
            ({"conversion_event_type": "birth"}, ".referral_program.conversion_event_type"),
            ({"referee_reward": {"type": "CAR", "amount": "1"}}, ".referral_program.referee_reward.amount"),
            ({"conversion_event_type": "custom_event"}, "referral_program.custom_event.name"),
        ],
    )
    async def test_a_wrong_one_is_refused(self, api: httpx.AsyncClient, program, fault) -> None:
        sent = {"name": "P", "campaign_type": "REFERRAL_PROGRAM", "voucher": PERCENT, "referral_program": program}
        answer = await api.post("/v1/campaigns", json=sent)
        assert answer.status_code == 400
        assert fault in answer.json()["details"]

    async def test_how_it_converts_never_changes(self, api: httpx.AsyncClient) -> None:
        await programme(api)
        reward = {"type": "GIFT_VOUCHER", "amount": 500}
        sent = {"conversion_event_type": "redemption", "referee_reward": reward}
        answer = await api.put("/v1/campaigns/friends", json={"referral_program": sent})
        assert answer.json()["referral_program"] == PROGRAM | {"referee_reward": reward}
