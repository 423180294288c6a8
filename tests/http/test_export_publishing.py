"""Codes that leave in a file are published by that."""

import asyncio
import csv
import io
from typing import Any

import pytest

from largesse.actions import export_files, exports
from largesse.jobs import worker as worker_module
from largesse.jobs.worker import Worker
from largesse.store import exports as store
from tests.actions.conftest import assert_counters_are_exact, work_off
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.http.test_exports import EXPORTS, address, begun, done, published, rows_of
from tests.http.test_publications import assert_refused
from tests.races.conftest import broken_promises


async def states(pool) -> dict[str, int]:
    return {row["code"]: row["state"] for row in await pool.fetch("SELECT code, state FROM vouchers")}


async def step(pool) -> bool:
    """One chunk of one job."""
    return await Worker(pool, asyncio.Event(), slice_s=0).step()


@pytest.fixture
async def assert_sound(pool, project):
    async def check() -> None:
        await assert_counters_are_exact(pool, project)
        assert await broken_promises(pool, project) == set()

    return check


class TestPublishing:
    @pytest.mark.row("A113")
    async def test_exported_codes_are_published_without_a_customer(self, api, pool, project, assert_sound):
        campaign = await make_campaign(pool, project, name="c", vouchers_count=2)
        export = await done(api, pool, "voucher", fields=["code"], campaign_id=campaign)
        codes = (await api.get(address(export))).text.split()[1:]
        assert len(codes) == 2
        for code in codes:
            voucher = (await api.get(f"/v1/vouchers/{code}")).json()
            assert (voucher["publish"]["count"], voucher["holder_id"]) == (1, None)
            [entry] = voucher["publish"]["entries"]
            assert (entry["channel"], entry["customer"], entry["customer_id"]) == ("CSV", None, None)
        refused = await api.post("/v1/publications", json={"campaign": "c", "customer": "alice"})
        assert_refused(refused, 400, "no_voucher_suitable_for_publication")
        listed = (await api.get("/v1/publications?filters[channel][conditions][$is]=CSV")).json()
        assert listed["total"] == 2
        for one in listed["publications"]:
            assert (one["result"], one["customer"], one["customer_id"], one["tracking_id"]) == ("SUCCESS",) + (
                None,
            ) * 3
            assert one["source_id"] is None
            assert one["voucher"]["code"] in codes
            assert one["metadata"] == {"export_id": export["id"], "source_type": "export", "source_id": export["id"]}
        await assert_sound()

    async def test_each_leaves_its_event(self, api, pool, project):
        await make_campaign(pool, project, name="c", vouchers_count=1)
        await done(api, pool, "voucher")
        [row] = await pool.fetch("SELECT entity_id, data FROM events WHERE type = 'publication.succeeded'")
        assert row["data"]["publication"]["id"] == row["entity_id"]
        assert row["data"]["customer"] is None
        assert row["data"]["campaign"]["name"] == "c"
        [voucher] = row["data"]["vouchers"]
        assert (voucher["state"], voucher["publish_count"], voucher["position"]) == (2, 1, 1)
        await published(api, voucher=voucher["code"], customer="alice")
        [_, after] = await pool.fetch("SELECT data FROM events WHERE type = 'publication.succeeded' ORDER BY seq")
        assert after["data"]["vouchers"][0].keys() == voucher.keys() | {"held_by"} - {"held_by"}

    async def test_again_changes_nothing_and_shows_them_again(self, api, pool, project, assert_sound):
        await make_campaign(pool, project, vouchers_count=3)
        first = await rows_of(api, pool, "voucher", order="code")
        assert await rows_of(api, pool, "voucher", order="code") == first
        assert len(first) == 3
        assert await pool.fetchval("SELECT count(*) FROM publications") == 3
        await assert_sound()

    async def test_an_exported_code_can_still_be_given_to_one_customer_by_name(self, api, pool, project, assert_sound):
        await add_vouchers(pool, project, None, ["A"])
        await done(api, pool, "voucher")
        await published(api, voucher="A", customer="alice")
        again = await api.post("/v1/publications", json={"voucher": "A", "customer": "bob"})
        assert_refused(again, 400, "voucher_already_published")
        voucher = (await api.get("/v1/vouchers/A")).json()
        assert voucher["publish"]["count"] == 2
        assert [entry["channel"] for entry in voucher["publish"]["entries"]] == ["API", "CSV"]
        await assert_sound()

    @pytest.mark.row("A113")
    @pytest.mark.parametrize("setting", [True, False])
    @pytest.mark.parametrize("asked", [True, False, None])
    async def test_the_projects_setting_and_the_request_can_leave_them_alone(
        self, api, pool, project, assert_sound, setting, asked
    ):
        await pool.execute("UPDATE projects SET publish_on_voucher_export = $1", setting)
        await add_vouchers(pool, project, None, ["A"])
        assert len(await rows_of(api, pool, "voucher", **({} if asked is None else {"publish": asked}))) == 1
        publishes = setting and asked is not False
        assert await states(pool) == {"A": 2 if publishes else 0}
        assert await pool.fetchval("SELECT count(*) FROM publications") == publishes
        await assert_sound()

    async def test_others_are_shown_and_not_published(self, api, pool, project, assert_sound):
        await add_vouchers(pool, project, None, ["OFF"], active=False)
        await add_vouchers(pool, project, None, ["OLD"], expiration_date=None)
        await pool.execute("UPDATE vouchers SET expiration_date = now() - interval '1 day' WHERE code = 'OLD'")
        await add_vouchers(pool, project, None, ["HIS", "FREE"])
        await published(api, voucher="HIS", customer="bob")
        rows = await rows_of(api, pool, "voucher", order="code")
        assert [row["Code"] for row in rows] == ["FREE", "HIS", "OFF", "OLD"]
        assert await states(pool) == {"FREE": 2, "HIS": 3, "OFF": 0, "OLD": 0}
        await assert_sound()

    async def test_only_what_the_filters_match(self, api, pool, project, assert_sound):
        await add_vouchers(pool, project, None, ["A-1", "A-2", "B-1"])
        filters = {"code": {"conditions": {"$starts_with": ["A-"]}}}
        rows = await rows_of(api, pool, "voucher", filters=filters, order="code")
        assert [row["Code"] for row in rows] == ["A-1", "A-2"]
        assert await states(pool) == {"A-1": 2, "A-2": 2, "B-1": 0}
        await assert_sound()

    async def test_in_chunks_over_several_campaigns(self, api, pool, project, monkeypatch, assert_sound):
        monkeypatch.setattr(exports, "CHUNK", 3)
        monkeypatch.setattr(export_files, "PIECE_BYTES", 20)
        for name in ("a", "b"):
            await make_campaign(pool, project, name=name, vouchers_count=5)
        await add_vouchers(pool, project, None, ["A"])
        rows = await rows_of(api, pool, "voucher")
        assert len({row["Code"] for row in rows}) == 11
        assert set((await states(pool)).values()) == {2}
        assert await pool.fetchval("SELECT pieces FROM exports") > 1
        await assert_sound()

    async def test_activity_duration_begins_with_the_publication_and_beats_the_campaigns_end(self, api, pool):
        body = {
            "name": "c", "vouchers_count": 1, "activity_duration_after_publishing": "P1D", "expiration_date": "2999-01-01",
            "voucher": {"discount": {"type": "PERCENT", "percent_off": 10}},
        }  # fmt: skip
        assert (await api.post("/v1/campaigns", json=body)).status_code == 200
        await work_off(pool)
        await done(api, pool, "voucher")
        lives = "SELECT expiration_date - updated_at = interval '1 day' FROM vouchers"
        assert await pool.fetchval(lives) is True


class TestOnTheWay:
    """Between the hold and the end."""

    @pytest.fixture
    async def held(self, api, pool, project) -> dict[str, Any]:
        await make_campaign(pool, project, name="c", vouchers_count=3)
        await add_vouchers(pool, project, None, ["A"])
        export = await begun(api, "voucher")
        await step(pool)
        assert set((await states(pool)).values()) == {1}
        return export

    async def test_held_codes_are_nobodys(self, api, held, pool, assert_sound):
        refused = await api.post("/v1/publications", json={"voucher": "A", "customer": "alice"})
        assert_refused(refused, 400, "voucher_cannot_be_published", "held by a distribution or an export")
        refused = await api.post("/v1/publications", json={"campaign": "c", "customer": "alice"})
        assert_refused(refused, 400, "no_voucher_suitable_for_publication")
        assert (await api.get(f"{EXPORTS}/{held['id']}")).json()["status"] == "IN_PROGRESS"
        await assert_sound()

    async def test_another_export_doesnt_show_what_this_one_holds(self, api, held, pool, assert_sound):
        other = await begun(api, "voucher")
        await work_off(pool)
        shown = [await api.get(address((await api.get(f"{EXPORTS}/{one['id']}")).json())) for one in (held, other)]
        counts = sorted(len(answer.text.splitlines()) - 1 for answer in shown)
        assert counts in ([0, 4], [4, 4])  # the other one's file may come after the first one's end
        assert await pool.fetchval("SELECT count(*) FROM publications WHERE result = 'SUCCESS'") == 4
        await assert_sound()

    async def test_a_code_that_comes_free_meanwhile_is_left_out(self, api, held, pool, project, assert_sound):
        while await pool.fetchval("SELECT phase FROM exports") == "hold":
            async with Units(pool, project) as scope:
                await exports.export_chunk(scope, held["id"])
        await add_vouchers(pool, project, None, ["LATE"])
        await work_off(pool)
        text = (await api.get(address((await api.get(f"{EXPORTS}/{held['id']}")).json()))).text
        assert "LATE" not in text
        assert (await states(pool))["LATE"] == 0
        await assert_sound()

    async def test_deleted_it_gives_all_back(self, api, held, pool, assert_sound):
        await api.post("/v1/vouchers/A/disable")
        assert (await api.delete(f"{EXPORTS}/{held['id']}")).status_code == 204
        await work_off(pool)
        assert set((await states(pool)).values()) == {0}
        assert await pool.fetchval("SELECT count(*) FROM publications") == 0
        await assert_sound()
        await Worker(pool, asyncio.Event()).sweep()
        assert await pool.fetchval("SELECT count(*) FROM exports") == 0

    async def test_failed_it_says_so_and_gives_all_back(self, api, held, pool, monkeypatch, assert_sound):
        async def broken(*_args: Any, **_kwargs: Any) -> int:
            raise ZeroDivisionError("no luck")

        monkeypatch.setattr(worker_module, "TRIES_MAX", 1)
        monkeypatch.setattr("largesse.store.exports.copy_rows", broken)
        await work_off(pool)
        found = (await api.get(f"{EXPORTS}/{held['id']}")).json()
        assert (found["status"], found["result"]) == ("ERROR", None)
        assert set((await states(pool)).values()) == {0}
        assert_refused(await api.get(f"{EXPORTS}/{held['id']}?token=x"), 404, "not_found")
        await assert_sound()

    @pytest.mark.parametrize("end", ["deleted", "failed"])
    async def test_what_is_published_stays_so_when_it_ends_before_the_last(
        self, api, held, pool, monkeypatch, assert_sound, end
    ):
        """A publication is a fact and its event is out: it isn't taken back. The others go back, and nobody has the
        file, whose address comes with DONE.
        """
        monkeypatch.setattr(exports, "CHUNK", 1)
        while await pool.fetchval("SELECT count(*) FROM publications") < 2:
            await step(pool)
        if end == "deleted":
            assert (await api.delete(f"{EXPORTS}/{held['id']}")).status_code == 204
        else:
            monkeypatch.setattr(worker_module, "TRIES_MAX", 1)
            with monkeypatch.context() as broken:
                broken.setattr(store, "publish_vouchers", None)
                await step(pool)
        await work_off(pool)
        assert sorted((await states(pool)).values()) == [0, 0, 2, 2]
        for table in ("publications", "publication_vouchers", "events WHERE type = 'publication.succeeded'"):
            assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 2
        answer = await api.get(f"{EXPORTS}/{held['id']}")
        assert answer.json().get("status", answer.status_code) == (404 if end == "deleted" else "ERROR")
        assert_refused(await api.get(f"{EXPORTS}/{held['id']}?token=x"), 404, "not_found")
        await assert_sound()

    async def test_a_hold_that_takes_too_long_fails_and_gives_all_back(
        self, api, pool, project, monkeypatch, assert_sound
    ):
        """Else a filter that reads a large table in vain would keep a slot for ever."""
        await add_vouchers(pool, project, None, ["A"])
        monkeypatch.setattr(worker_module, "TRIES_MAX", 1)
        monkeypatch.setattr(store, "HOLD_S_MAX", 1e-9)
        export = await begun(api, "voucher")
        await work_off(pool)
        assert (await api.get(f"{EXPORTS}/{export['id']}")).json()["status"] == "ERROR"
        assert await states(pool) == {"A": 0}
        await assert_sound()

    async def test_a_file_that_takes_too_long_fails_and_gives_all_back(
        self, api, held, pool, monkeypatch, assert_sound
    ):
        monkeypatch.setattr(store, "COPY_S_MAX", 1e-9)
        await work_off(pool)
        assert (await api.get(f"{EXPORTS}/{held['id']}")).json()["status"] == "ERROR"
        assert set((await states(pool)).values()) == {0}
        await assert_sound()

    async def test_a_file_that_took_too_long_and_lost_its_connection_fails_too(
        self, api, held, pool, monkeypatch, assert_sound
    ):
        copy_rows = store.copy_rows

        async def cut(connection, *arguments, **more):
            connection.terminate()  # what a COPY that is cancelled in the middle of a message comes to
            raise store.TookTooLong("Reading took too long")

        monkeypatch.setattr(store, "copy_rows", cut)
        await work_off(pool)
        monkeypatch.setattr(store, "copy_rows", copy_rows)
        assert (await api.get(f"{EXPORTS}/{held['id']}")).json()["status"] == "ERROR"
        assert set((await states(pool)).values()) == {0}
        await assert_sound()

    async def test_a_binned_one_is_not_published(self, api, held, pool, assert_sound):
        assert (await api.delete("/v1/vouchers/A")).status_code == 204
        await work_off(pool)
        text = (await api.get(address((await api.get(f"{EXPORTS}/{held['id']}")).json()))).text
        assert len(list(csv.DictReader(io.StringIO(text)))) == 3
        assert (await states(pool))["A"] == 4
        await assert_sound()


class Units:
    """One transaction of the project's job."""

    def __init__(self, pool, project) -> None:
        self._unit = Worker(pool, asyncio.Event())._unit(project.id)

    async def __aenter__(self):
        return await self._unit.__aenter__()

    async def __aexit__(self, *details):
        return await self._unit.__aexit__(*details)
