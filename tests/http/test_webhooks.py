"""/management/v1/projects/{id}/webhooks, and what comes of a subscription."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from largesse.delivery.posting import Poster
from largesse.delivery.webhooks import Sender
from largesse.domain.projects import Project
from largesse.domain.webhooks import WEBHOOKS_MAX
from largesse.http.app import App
from largesse.store.connection import Pool
from tests.delivery.receiver import answer, receiving
from tests.events.log import readable
from tests.factories.vault import VAULT
from tests.http.conftest import client_of, make_key

TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
MANAGEMENT = {"X-Management-Id": "manager", "X-Management-Token": "manager-token"}
GOOD: dict[str, Any] = {"target_url": "https://example.com/hook", "events": ["voucher.created", "voucher.published"]}


@pytest.fixture
async def manager(app: App, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    await make_key(pool, None, app_id="manager", token="manager-token", kind="management")
    async with client_of(app, MANAGEMENT) as client:
        yield client


@pytest.fixture
def hooks(project: Project) -> str:
    return f"/management/v1/projects/{project.public_id}/webhooks"


class TestManagement:
    async def test_anonymous_and_server_keys_are_turned_away(
        self, anonymous: httpx.AsyncClient, api: httpx.AsyncClient, hooks: str
    ) -> None:
        assert (await anonymous.get(hooks)).status_code == 401
        assert (await api.get(hooks)).status_code in (401, 403)

    async def test_a_webhook_from_its_creation_to_its_end(self, manager: httpx.AsyncClient, hooks: str) -> None:
        made = await manager.post(hooks, json=GOOD)
        assert made.status_code == 200, made.text
        webhook = made.json()
        assert webhook["id"].startswith("wh_")
        assert webhook["object"] == "webhook"
        assert {name: webhook[name] for name in GOOD} == GOOD
        assert (webhook["active"], webhook["headers"], webhook["disabled_reason"]) == (True, {}, None)
        one = f"{hooks}/{webhook['id']}"
        assert (await manager.get(one)).json() == webhook
        assert (await manager.get(hooks)).json() == {
            "object": "list", "data_ref": "data", "data": [webhook], "total": 1,
        }  # fmt: skip
        changed = (await manager.put(one, json={"active": False, "headers": {"X-One": "1"}})).json()
        assert (changed["active"], changed["headers"], changed["events"]) == (False, {"X-One": None}, GOOD["events"])
        assert changed["updated_at"] is not None
        assert (await manager.delete(one)).status_code == 204
        assert (await manager.get(one)).status_code == 404
        assert (await manager.delete(one)).status_code == 404
        assert (await manager.put(one, json={})).json()["key"] == "not_found"
        assert (await manager.get(hooks)).json()["total"] == 0

    async def test_headers_do_not_follow_to_another_address(self, manager: httpx.AsyncClient, hooks: str) -> None:
        made = (await manager.post(hooks, json=GOOD | {"headers": {"X-Key": "secret"}})).json()
        one = f"{hooks}/{made['id']}"
        refused = await manager.put(one, json={"target_url": "https://elsewhere.example/"})
        assert refused.status_code == 400
        assert ".headers must be sent again" in refused.json()["details"]
        refused = await manager.put(one, json={"target_url": "https://elsewhere.example/", "headers": {"X-Key": None}})
        assert ".headers must be sent again" in refused.json()["details"]
        assert (await manager.put(one, json={"target_url": GOOD["target_url"]})).json()["headers"] == {"X-Key": None}
        moved = await manager.put(one, json={"target_url": "https://elsewhere.example/", "headers": {}})
        assert (moved.json()["target_url"], moved.json()["headers"]) == ("https://elsewhere.example/", {})
        assert (await manager.put(one, json={"target_url": GOOD["target_url"]})).status_code == 200

    async def test_the_values_of_headers_are_sealed_not_shown_and_kept_by_null(
        self, manager: httpx.AsyncClient, hooks: str, pool: Pool
    ) -> None:
        made = (await manager.post(hooks, json=GOOD | {"headers": {"A": "one", "B": "two", "C": None}})).json()
        assert made["headers"] == {"A": None, "B": None}
        one = f"{hooks}/{made['id']}"
        sent = {"headers": {"A": None, "B": "three", "D": None, "E": "five"}}
        changed = (await manager.put(one, json=sent)).json()
        assert changed["headers"] == dict.fromkeys("ABE")
        stored = await pool.fetchval("SELECT headers FROM webhooks")
        assert all(value.startswith("sealed:") for value in stored.values())
        assert VAULT.open_all(stored) == {"A": "one", "B": "three", "E": "five"}

    async def test_the_contracts_misspelt_names_are_taken_as_they_come(
        self, manager: httpx.AsyncClient, hooks: str
    ) -> None:
        events = ["campaign.vouchers.aded", "voucher.gift.balance_aded", "voucher.loyalty_card.points_added"]
        assert (await manager.post(hooks, json=GOOD | {"events": events})).json()["events"] == events

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"target_url": None}, ".target_url"),
            ({"target_url": "ftp://example.com"}, ".target_url"),
            ({"target_url": "http://127.0.0.1/"}, ".target_url must not be a private"),
            ({"target_url": "http://169.254.169.254/latest"}, ".target_url must not be a private"),
            ({"target_url": "http://2130706433/"}, ".target_url must not be a private"),
            ({"target_url": "https://name:word@example.com/"}, ".target_url must not hold a name or password"),
            ({"events": []}, ".events"),
            ({"events": ["voucher.created", "voucher.invented"]}, ".events[1] must be the name of an event"),
            ({"events": ["redemption.succeeded"]}, ".events[0] must be an event that happens here"),
            ({"headers": {"Host": "else"}}, ".headers.Host is a header that this server sets itself"),
            ({"headers": {"X-A": "1", "x-a": "2"}}, "must have a unique name"),
            ({"headers": {"X A": "1"}}, "has a name that can't be a header's"),
            ({"headers": {"X-A": "1\r\nX-B: 2"}}, "must be printable ASCII"),
            ({"headers": {f"X-{n}": "1" for n in range(21)}}, ".headers"),
            ({"active": "yes"}, ".active must be boolean"),
        ],
    )
    async def test_what_cannot_be_is_refused_by_name(
        self, manager: httpx.AsyncClient, hooks: str, change: dict[str, Any], named: str
    ) -> None:
        answer = await manager.post(hooks, json=GOOD | change)
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert named in answer.json()["details"]
        assert (await manager.get(hooks)).json()["total"] == 0

    async def test_all_faults_are_told_at_once(self, manager: httpx.AsyncClient, hooks: str) -> None:
        body = {"target_url": "http://localhost/", "events": ["a", "b"], "headers": {"Host": "x"}}
        details = (await manager.post(hooks, json=body)).json()["details"]
        for place in (".target_url", ".events[0]", ".events[1]", ".headers.Host"):
            assert place in details

    async def test_a_project_has_so_many_and_no_more(self, manager: httpx.AsyncClient, hooks: str) -> None:
        for _ in range(WEBHOOKS_MAX):
            assert (await manager.post(hooks, json=GOOD)).status_code == 200
        refused = await manager.post(hooks, json=GOOD)
        assert (refused.status_code, refused.json()["key"]) == (400, "invalid_payload")
        assert str(WEBHOOKS_MAX) in refused.json()["details"]
        first = (await manager.get(hooks)).json()["data"][0]["id"]
        await manager.delete(f"{hooks}/{first}")
        assert (await manager.post(hooks, json=GOOD)).status_code == 200

    async def test_the_secret_is_kept_and_rotated(self, manager: httpx.AsyncClient, project: Project) -> None:
        path = f"/management/v1/projects/{project.public_id}/webhook-secret"
        first = await manager.get(path)
        assert first.headers["cache-control"] == "no-store"
        assert first.json()["secret"].startswith("whsec_")
        assert (await manager.get(path)).json() == first.json()
        second = (await manager.post(f"{path}/rotate")).json()
        assert second["secret"] != first.json()["secret"]
        assert second["rotated_at"] is not None
        assert (await manager.get(path)).json() == second


class TestDeliveries:
    @pytest.fixture
    def services(self, services: Any) -> Any:
        from dataclasses import replace

        return replace(services, allow_private_targets=True)

    @pytest.fixture
    async def sender(self, pool: Pool) -> AsyncIterator[Sender]:
        import asyncio

        async with Poster(allow_private=True, vault=VAULT, limit_s=1) as poster:
            yield Sender(pool, poster, asyncio.Event())

    async def test_what_happens_is_told(
        self,
        manager: httpx.AsyncClient,
        hooks: str,
        api: httpx.AsyncClient,
        sender: Sender,
        project: Project,
        pool: Pool,
    ) -> None:
        async with receiving() as receiver:
            body = GOOD | {"target_url": receiver.url, "headers": {"X-Ours": "1"}}
            webhook = (await manager.post(hooks, json=body)).json()
            await api.post("/v1/vouchers/A", json=TEN_PERCENT)
            await api.post("/v1/publications", json={"voucher": "A", "customer": {"source_id": "c", "name": "C"}})
            await readable(pool)
            await sender.read()
            await sender.send()
        assert [got.headers["x-ours"] for got in receiver.got] == ["1", "1"]
        listed = (await manager.get(f"{hooks}/{webhook['id']}/deliveries?order=created_at")).json()
        assert listed["total"] == 2
        assert {one["status"] for one in listed["data"]} == {"DELIVERED"}
        one = (await manager.get(f"{hooks}/{webhook['id']}/deliveries/{listed['data'][0]['id']}")).json()
        assert [(a["number"], a["result"], a["status"], a["answer"]) for a in one["attempts"]] == [
            (1, "accepted", 200, "ok")
        ]
        assert one["body"]["project_id"] == project.public_id
        assert one["body"]["source"] == {"id": webhook["id"], "object": "webhook", "target_url": receiver.url}

    async def test_a_test_is_sent_and_a_delivery_again(
        self, manager: httpx.AsyncClient, hooks: str, sender: Sender
    ) -> None:
        async with receiving() as receiver:
            webhook = (await manager.post(hooks, json=GOOD | {"target_url": receiver.url})).json()
            one = f"{hooks}/{webhook['id']}"
            made = (await manager.post(f"{one}/test", json={"event": "voucher.published"})).json()
            await sender.send()
            again = await manager.post(f"{one}/deliveries/{made['id']}/redeliver")
            assert (again.status_code, again.json()["status"]) == (200, "PENDING")
            await sender.send()
            assert (await manager.post(f"{one}/redeliver", json={})).json()["count"] == 0
            assert (await manager.post(f"{one}/redeliver", json={"status": "ALL"})).json()["count"] == 1
            await sender.send()
        assert len(receiver.got) == 3
        assert len({got.body for got in receiver.got}) == 1
        shown = (await manager.get(f"{one}/deliveries/{made['id']}")).json()
        assert [attempt["number"] for attempt in shown["attempts"]] == [1, 2, 3]
        refused = await manager.post(f"{one}/test", json={"event": "customer.created"})
        assert (refused.status_code, refused.json()["key"]) == (400, "invalid_payload")

    async def test_what_happened_while_it_was_off_is_told_from_the_log(
        self, manager: httpx.AsyncClient, hooks: str, api: httpx.AsyncClient, sender: Sender, pool: Pool
    ) -> None:
        async with receiving() as receiver:
            webhook = (await manager.post(hooks, json=GOOD | {"target_url": receiver.url})).json()
            one = f"{hooks}/{webhook['id']}"
            await api.post("/v1/vouchers/A", json=TEN_PERCENT)
            await readable(pool)
            await sender.read()
            await manager.put(one, json={"active": False})
            for n in range(60):
                await api.post(f"/v1/vouchers/B{n}", json=TEN_PERCENT)
            await readable(pool)
            while await sender.read():
                pass
            assert (await manager.post(f"{one}/replay", json={})).json()["key"] == "invalid_payload"  # off
            await manager.put(one, json={"active": True})
            assert (await manager.post(f"{one}/replay", json={"after": "x"})).json()["key"] == "invalid_payload"
            first = (await manager.post(f"{one}/replay", json={})).json()
            assert (first["count"], first["has_more"]) == (49, True)  # A was made already, and is parked
            second = (await manager.post(f"{one}/replay", json={"after": first["cursor"]})).json()
            assert (second["count"], second["has_more"]) == (11, False)
            assert (await manager.post(f"{one}/replay", json={})).json()["count"] == 0
            await sender.send()
        assert len(receiver.got) == 60

    async def test_nothing_is_sent_to_one_that_is_off_and_what_waited_is_parked(
        self, manager: httpx.AsyncClient, hooks: str, api: httpx.AsyncClient, sender: Sender, pool: Pool
    ) -> None:
        async with receiving(lambda _: answer(500)) as receiver:
            webhook = (await manager.post(hooks, json=GOOD | {"target_url": receiver.url})).json()
            one = f"{hooks}/{webhook['id']}"
            await api.post("/v1/vouchers/A", json=TEN_PERCENT)
            await readable(pool)
            await sender.read()
            await sender.send()
            await manager.put(one, json={"active": False})
            assert (await manager.post(f"{one}/test", json={})).json()["key"] == "invalid_payload"
            await api.post("/v1/vouchers/B", json=TEN_PERCENT)
            await readable(pool)
            await sender.read()
            await sender.send()
        assert len(receiver.got) == 1
        [parked] = (await manager.get(f"{one}/deliveries?status=PARKED")).json()["data"]
        assert parked["reason"] == "The webhook was switched off."
        assert (await manager.get(f"{one}/deliveries?status=LOST")).status_code == 400
        assert (await manager.get(f"{one}/deliveries/whs_unknown")).status_code == 404
