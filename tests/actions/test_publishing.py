"""Every form of publication and every refusal, one request at a time."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from largesse.domain import codes, errors
from largesse.domain.projects import Project
from largesse.store.connection import Pool
from tests.factories.campaigns import add_vouchers, make_campaign
from tests.factories.counters import counters as read_counters
from tests.factories.publications import by_id, by_source_id, nameless, request

PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def voucher(pool: Pool, project: Project, code: str = "V1", **columns: Any) -> str:
    return (await add_vouchers(pool, project, None, [code], **columns))[0]


async def counters(pool: Pool, project: Project, campaign_id: str = "") -> dict[str, int]:
    return await read_counters(pool, project.id, campaign_id)


async def customers(pool: Pool) -> list[Any]:
    return await pool.fetch("SELECT * FROM customers ORDER BY created_at, id")


class TestSources:
    async def test_named_voucher_is_published_and_held_by_the_customer(self, pool, project, publisher):
        voucher_id = await voucher(pool, project)
        made = await publisher.publish(project, request("bob", voucher="V1", channel="newsletter", metadata={"a": 1}))
        assert made.codes == ["V1"]
        assert made.voucher_ids == [voucher_id]
        assert made.voucher.holder_id == made.customer_id == made.customer.id
        assert made.voucher.publish_count == 1
        assert (made.channel, made.metadata, made.tracking_id) == ("newsletter", {"a": 1}, "bob")
        assert (await counters(pool, project))["published"] == 1

    async def test_named_voucher_is_found_by_its_id_too(self, pool, project, publisher):
        voucher_id = await voucher(pool, project)
        assert (await publisher.publish(project, request("bob", voucher=voucher_id))).codes == ["V1"]

    async def test_voucher_wins_over_campaign(self, pool, project, publisher):
        await voucher(pool, project)
        campaign_id = await make_campaign(pool, project, name="C")
        made = await publisher.publish(project, request("bob", voucher="V1", campaign="unknown"))
        assert made.codes == ["V1"]
        assert (await counters(pool, project, campaign_id))["published"] == 0

    @pytest.mark.parametrize("by", ["name", "id"])
    async def test_campaign_is_named_by_name_or_id(self, pool, project, publisher, by):
        campaign_id = await make_campaign(pool, project, name="Spring")
        made = await publisher.publish(project, request("bob", campaign="Spring" if by == "name" else campaign_id))
        assert made.campaign_id == campaign_id
        assert made.voucher.campaign_name == "Spring"

    async def test_several_vouchers_in_one_publication(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=50)
        made = await publisher.publish(project, request("bob", campaign=campaign_id, count=50))
        assert len(set(made.codes)) == len(set(made.voucher_ids)) == 50
        assert made.voucher is None
        stored = await pool.fetch("SELECT code, id FROM publication_vouchers ORDER BY position")
        assert [row["code"] for row in stored] == made.codes
        assert len({row["id"] for row in stored}) == 50
        with pytest.raises(errors.NoVoucherSuitableForPublication):
            await publisher.publish(project, request("eve", campaign=campaign_id))

    async def test_too_few_codes_publish_none(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=3)
        with pytest.raises(errors.NoVoucherSuitableForPublication):
            await publisher.publish(project, request("bob", campaign=campaign_id, count=4))
        assert await counters(pool, project, campaign_id) == {
            "vouchers": 3, "published": 0, "held": 0, "withdrawn": 0, "disabled": 0, "publications": 0, "failures": 1,
        }  # fmt: skip
        assert len((await publisher.publish(project, request("bob", campaign=campaign_id, count=3))).codes) == 3

    async def test_pool_is_emptied_in_random_order(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=200)
        created = [row["code"] for row in await pool.fetch("SELECT code FROM vouchers ORDER BY id")]
        given = [(await publisher.publish(project, request(f"c{n}", campaign=campaign_id))).codes[0] for n in range(30)]
        assert len(set(given)) == 30
        assert given != created[:30]
        assert given != sorted(given)

    @pytest.mark.parametrize(("field", "type"), [("voucher", "voucher"), ("campaign", "campaign")])
    async def test_unknown_source_is_404_and_writes_nothing(self, pool, project, publisher, field, type):
        with pytest.raises(errors.NotFound) as caught:
            await publisher.publish(project, request("bob", **{field: "nope"}))
        assert (caught.value.resource_type, caught.value.resource_id) == (type, "nope")
        assert await customers(pool) == []

    async def test_binned_voucher_and_campaign_are_unknown(self, pool, project, publisher):
        await voucher(pool, project, deleted_at=PAST, state=4)
        await make_campaign(pool, project, name="gone", deleted_at=PAST)
        for source in ({"voucher": "V1"}, {"campaign": "gone"}):
            with pytest.raises(errors.NotFound):
                await publisher.publish(project, request("bob", **source))

    async def test_code_of_a_binned_campaign_is_unknown_before_its_vouchers_are_binned(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=0, deleted_at=PAST)
        await add_vouchers(pool, project, campaign_id, ["V1"])
        with pytest.raises(errors.NotFound):
            await publisher.publish(project, request("bob", voucher="V1"))
        assert await pool.fetchval("SELECT count(*) FROM publications") == 0

    async def test_codes_of_another_project_are_unknown(self, pool, project, publisher):
        other = await pool.fetchval("INSERT INTO projects (public_id, name) VALUES ('proj_o', 'o') RETURNING id")
        stranger = Project(id=other, public_id="proj_o", name="o")
        await voucher(pool, stranger)
        with pytest.raises(errors.NotFound):
            await publisher.publish(project, request("bob", voucher="V1"))

    async def test_case_insensitive_project_finds_any_case(self, pool, project, publisher):
        row = await pool.fetchrow(
            "INSERT INTO projects (public_id, name, case_sensitive_codes) VALUES ('proj_i', 'i', false)"
            " RETURNING id, public_id, name, case_sensitive_codes"
        )
        insensitive = Project(**row)
        await voucher(pool, insensitive, "Spring-Ä")
        made = await publisher.publish(insensitive, request("bob", voucher="sPRING-Ä"))
        assert made.codes == ["Spring-Ä"]


class TestSuitability:
    @pytest.mark.parametrize(
        ("columns", "details"),
        [({"active": False}, "Voucher is disabled."), ({"expiration_date": PAST}, "Voucher is expired.")],
    )
    async def test_unsuitable_voucher_is_refused_and_recorded(self, pool, project, publisher, columns, details):
        await voucher(pool, project, **columns)
        with pytest.raises(errors.VoucherCannotBePublished, match=details):
            await publisher.publish(project, request("bob", voucher="V1", metadata={"k": 1}, channel="x"))
        failure = await pool.fetchrow("SELECT * FROM publications")
        assert failure["result"] == "FAILURE"
        assert failure["failure_code"] == "voucher_cannot_be_published"
        assert failure["failure_message"] == "Voucher cannot be published"
        assert (failure["channel"], failure["metadata"]) == ("x", {"k": 1})
        assert failure["customer_id"] == (await customers(pool))[0]["id"]

    async def test_published_voucher_is_refused_even_to_its_holder(self, pool, project, publisher):
        voucher_id = await voucher(pool, project)
        await publisher.publish(project, request("bob", voucher="V1"))
        for who in ("bob", "eve"):
            with pytest.raises(errors.VoucherAlreadyPublished, match=voucher_id):
                await publisher.publish(project, request(who, voucher="V1"))
        assert await counters(pool, project) == {
            "vouchers": 1, "published": 1, "held": 0, "withdrawn": 0, "disabled": 0, "publications": 1, "failures": 2,
        }  # fmt: skip

    @pytest.mark.parametrize("columns", [{"active": False}, {"expiration_date": PAST}])
    async def test_pool_skips_unsuitable_codes(self, pool, project, publisher, columns):
        campaign_id = await make_campaign(pool, project, vouchers_count=0)
        await add_vouchers(pool, project, campaign_id, ["bad1", "bad2"], **columns)
        await add_vouchers(pool, project, campaign_id, ["good"])
        assert (await publisher.publish(project, request("bob", campaign=campaign_id))).codes == ["good"]
        with pytest.raises(errors.NoVoucherSuitableForPublication):
            await publisher.publish(project, request("bob", campaign=campaign_id))

    async def test_start_date_in_the_future_does_not_matter(self, pool, project, publisher):
        await voucher(pool, project, start_date=datetime.now(UTC) + timedelta(days=9))
        assert (await publisher.publish(project, request("bob", voucher="V1"))).codes == ["V1"]

    async def test_disabled_campaign_still_publishes_and_expired_one_does_not(self, pool, project, publisher):
        disabled = await make_campaign(pool, project, active=False)
        expired = await make_campaign(pool, project, expiration_date=PAST)
        assert (await publisher.publish(project, request("bob", campaign=disabled))).result == "SUCCESS"
        with pytest.raises(errors.NoVoucherSuitableForPublication, match="The campaign has expired"):
            await publisher.publish(project, request("bob", campaign=expired))

    @pytest.mark.parametrize("type", ["STATIC", "AUTO_UPDATE"])
    @pytest.mark.parametrize("vouchers_count", [0, 2])
    async def test_an_expired_campaign_is_said_to_be_expired(self, pool, project, publisher, type, vouchers_count):
        """Whatever its pool holds: no advice about codes helps there."""
        campaign = await make_campaign(pool, project, type=type, vouchers_count=vouchers_count, expiration_date=PAST)
        with pytest.raises(errors.NoVoucherSuitableForPublication, match="The campaign has expired") as caught:
            await publisher.publish(project, request("bob", campaign=campaign))
        assert "AUTO_UPDATE" not in str(caught.value)
        [failure] = await pool.fetch("SELECT failure_code, failure_message FROM publications")
        assert tuple(failure) == ("no_voucher_suitable_for_publication", "Campaign is expired")

    async def test_code_published_by_an_export_may_still_go_to_one_customer(self, pool, project, publisher):
        await voucher(pool, project, state=2)
        await pool.execute("UPDATE campaign_counters SET published = 1")
        assert (await publisher.publish(project, request("bob", voucher="V1"))).codes == ["V1"]
        assert (await counters(pool, project))["published"] == 1

    async def test_code_redeemed_before_publication_may_be_named(self, pool, project, publisher):
        await voucher(pool, project, state=4, redeemed_quantity=1)
        await pool.execute("UPDATE campaign_counters SET withdrawn = 1")
        assert (await publisher.publish(project, request("bob", voucher="V1"))).codes == ["V1"]
        after = await counters(pool, project)
        assert (after["published"], after["withdrawn"]) == (1, 0)

    async def test_validity_after_publication_is_calendar_time_in_the_projects_zone(self, pool, project, publisher):
        zoned = Project(id=project.id, public_id=project.public_id, name=project.name, time_zone="America/New_York")
        campaign_id = await make_campaign(pool, project, valid_for=timedelta(days=24))
        made = await publisher.publish(zoned, request("bob", campaign=campaign_id))
        expected = await pool.fetchval(
            "SELECT ($1::timestamptz AT TIME ZONE 'America/New_York' + interval '24 days') AT TIME ZONE 'America/New_York'",
            made.created_at,
        )
        assert abs(made.voucher.expiration_date - expected) < timedelta(seconds=1)


class TestCustomers:
    async def test_unknown_id_is_404_and_records_nothing(self, pool, project, publisher):
        await voucher(pool, project)
        with pytest.raises(errors.NotFound) as caught:
            await publisher.publish(project, request(by_id("cust_nobody"), voucher="V1"))
        assert caught.value.resource_type == "customer"
        assert await pool.fetchval("SELECT count(*) FROM publications") == 0

    async def test_same_source_id_is_one_customer(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        first = await publisher.publish(project, request("bob", campaign=campaign_id))
        second = await publisher.publish(project, request("bob", campaign=campaign_id))
        assert first.customer_id == second.customer_id
        assert first.codes != second.codes

    async def test_profile_is_written_and_merged(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=9)
        first = by_source_id(
            "bob", name="Bob", phone="1", birthdate="1990-01-02", address={"city": "Oslo"}, metadata={"a": 1, "b": 2}
        )
        again = by_source_id("bob", name="Robert", address={"country": "NO"}, metadata={"b": 3})
        made = await publisher.publish(project, request(first, campaign=campaign_id))
        assert (made.customer.name, made.customer.metadata) == ("Bob", {"a": 1, "b": 2})
        assert (await customers(pool))[0]["updated_at"] is None
        made = await publisher.publish(project, request(again, campaign=campaign_id))
        assert (made.customer.name, made.customer.metadata) == ("Robert", {"a": 1, "b": 3})
        (row,) = await customers(pool)
        assert (row["phone"], str(row["birthdate"])) == ("1", "1990-01-02")
        assert row["address"] == {"city": "Oslo", "country": "NO"}
        assert row["updated_at"] is not None

    async def test_equal_profile_changes_nothing(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        for _ in range(2):
            await publisher.publish(
                project, request(by_source_id("bob", name="B", metadata={"a": 1}), campaign=campaign_id)
            )
        assert (await customers(pool))[0]["updated_at"] is None
        types = [row["type"] for row in await pool.fetch("SELECT type FROM events")]
        assert sorted(types) == ["customer.created", "publication.succeeded", "publication.succeeded"]

    async def test_id_decides_over_profile(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        made = await publisher.publish(project, request("bob", campaign=campaign_id))
        again = await publisher.publish(project, request(by_id(made.customer_id, name="B"), campaign=campaign_id))
        assert again.customer_id == made.customer_id
        assert (again.customer.source_id, again.customer.name) == ("bob", "B")

    async def test_nobodys_id_makes_a_new_customer_each_time(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        made = [await publisher.publish(project, request(nameless(email="e"), campaign=campaign_id)) for _ in range(2)]
        assert made[0].customer_id != made[1].customer_id
        assert made[0].tracking_id is None

    async def test_failed_publication_keeps_the_customer(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=0)
        with pytest.raises(errors.NoVoucherSuitableForPublication):
            await publisher.publish(project, request(by_source_id("bob", name="B"), campaign=campaign_id))
        assert (await customers(pool))[0]["name"] == "B"

    async def test_deleted_customer_is_unknown_and_its_source_id_free(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        made = await publisher.publish(project, request("bob", campaign=campaign_id))
        await pool.execute("UPDATE customers SET deleted_at = now()")
        with pytest.raises(errors.NotFound):
            await publisher.publish(project, request(by_id(made.customer_id), campaign=campaign_id))
        assert (await publisher.publish(project, request("bob", campaign=campaign_id))).customer_id != made.customer_id


class TestSourceId:
    async def test_same_request_again_is_the_same_publication(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        first = await publisher.publish(project, request("bob", campaign=campaign_id, source_id="s", metadata={"m": 1}))
        again = await publisher.publish(project, request("bob", campaign=campaign_id, source_id="s", metadata={"m": 2}))
        assert (again.id, again.codes, again.created_at) == (first.id, first.codes, first.created_at)
        assert again.metadata == {"m": 1}
        assert again.voucher.code == first.codes[0]
        assert await pool.fetchval("SELECT count(*) FROM publications") == 1

    async def test_replay_writes_not_even_the_profile(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        await publisher.publish(project, request(by_source_id("bob", name="B"), campaign=campaign_id, source_id="s"))
        events = await pool.fetchval("SELECT count(*) FROM events")
        await publisher.publish(project, request(by_source_id("bob", name="X"), campaign=campaign_id, source_id="s"))
        assert (await customers(pool))[0]["name"] == "B"
        assert await pool.fetchval("SELECT count(*) FROM events") == events

    @pytest.mark.parametrize("other", ["customer", "campaign", "voucher"])
    async def test_same_source_id_for_something_else_is_refused(self, pool, project, publisher, other):
        campaign_id, second = [await make_campaign(pool, project) for _ in range(2)]
        await voucher(pool, project)
        await publisher.publish(project, request("bob", campaign=campaign_id, source_id="s"))
        asked = {
            "customer": request("eve", campaign=campaign_id, source_id="s"),
            "campaign": request("bob", campaign=second, source_id="s"),
            "voucher": request("bob", voucher="V1", source_id="s"),
        }[other]
        with pytest.raises(errors.DuplicateSourceId, match="'s' already exists"):
            await publisher.publish(project, asked)
        assert await pool.fetchval("SELECT count(*) FROM publications") == 1
        assert len(await customers(pool)) == 1

    async def test_strict_project_refuses_every_known_source_id(self, pool, project, publisher):
        strict = Project(id=project.id, public_id=project.public_id, name=project.name, on_known_source_id="strict")
        campaign_id = await make_campaign(pool, project)
        await publisher.publish(strict, request("bob", campaign=campaign_id, source_id="s"))
        with pytest.raises(errors.DuplicateSourceId):
            await publisher.publish(strict, request("bob", campaign=campaign_id, source_id="s"))

    async def test_nameless_customer_is_recognised_by_what_was_sent(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        profile = {"email": "e@x", "name": "E", "metadata": {"a": 1}, "address": {"city": "Oslo"}}
        first = await publisher.publish(project, request(nameless(**profile), campaign=campaign_id, source_id="s"))
        again = await publisher.publish(project, request(nameless(**profile), campaign=campaign_id, source_id="s"))
        assert again.id == first.id
        for changed in ({"email": "other"}, {"metadata": {"a": 2}}, {"address": {"city": "Rome"}}):
            with pytest.raises(errors.DuplicateSourceId):
                await publisher.publish(
                    project, request(nameless(**(profile | changed)), campaign=campaign_id, source_id="s")
                )
        assert len(await customers(pool)) == 1

    async def test_code_made_anew_is_not_the_voucher_that_was_published(self, pool, project, publisher):
        await voucher(pool, project)
        await publisher.publish(project, request("bob", voucher="V1", source_id="s"))
        await pool.execute("DELETE FROM vouchers")
        await voucher(pool, project)
        with pytest.raises(errors.DuplicateSourceId):
            await publisher.publish(project, request("bob", voucher="V1", source_id="s"))

    async def test_failed_attempt_does_not_use_up_the_source_id(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=0)
        with pytest.raises(errors.NoVoucherSuitableForPublication):
            await publisher.publish(project, request("bob", campaign=campaign_id, source_id="s"))
        await add_vouchers(pool, project, campaign_id, ["late"])
        assert (await publisher.publish(project, request("bob", campaign=campaign_id, source_id="s"))).codes == ["late"]


class TestJoinOnce:
    async def test_query_flag_returns_the_first_publication(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        first = await publisher.publish(project, request("bob", campaign=campaign_id))
        second = await publisher.publish(project, request("bob", campaign=campaign_id))
        again = await publisher.publish(project, request("bob", campaign=campaign_id, join_once=True))
        assert second.id != first.id
        assert again.id == first.id
        assert (await counters(pool, project, campaign_id))["published"] == 2

    async def test_campaign_flag_refuses_a_second_code_unless_the_query_asks_for_the_first(
        self, pool, project, publisher
    ):
        campaign_id = await make_campaign(pool, project, join_once=True)
        first = await publisher.publish(project, request("bob", campaign=campaign_id))
        with pytest.raises(errors.VoucherCannotBePublished, match="Customer already joined program"):
            await publisher.publish(project, request("bob", campaign=campaign_id))
        assert (await publisher.publish(project, request("bob", campaign=campaign_id, join_once=True))).id == first.id
        assert (await publisher.publish(project, request("eve", campaign=campaign_id))).id != first.id

    async def test_campaign_flag_allows_one_code_a_request(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, join_once=True)
        with pytest.raises(errors.TooManyVouchersRequested, match="Only up to 1"):
            await publisher.publish(project, request("bob", campaign=campaign_id, count=2))
        assert await customers(pool) == []

    async def test_several_codes_are_replayed_together(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project)
        first = await publisher.publish(project, request("bob", campaign=campaign_id, count=2, join_once=True))
        again = await publisher.publish(project, request("bob", campaign=campaign_id, count=1, join_once=True))
        assert (again.id, again.codes) == (first.id, first.codes)

    async def test_named_voucher_is_judged_by_its_campaign(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, vouchers_count=0)
        await add_vouchers(pool, project, campaign_id, ["A", "B"])
        first = await publisher.publish(project, request("bob", voucher="B"))
        again = await publisher.publish(project, request("bob", voucher="A", join_once=True))
        assert again.id == first.id

    async def test_voucher_without_campaign_is_judged_by_itself(self, pool, project, publisher):
        await voucher(pool, project)
        first = await publisher.publish(project, request("bob", voucher="V1", join_once=True))
        assert (await publisher.publish(project, request("bob", voucher="V1", join_once=True))).id == first.id
        with pytest.raises(errors.VoucherAlreadyPublished):
            await publisher.publish(project, request("eve", voucher="V1", join_once=True))


class TestAutoUpdate:
    async def test_empty_pool_makes_new_codes_by_the_campaigns_pattern(self, pool, project, publisher):
        campaign_id = await make_campaign(
            pool, project, type="AUTO_UPDATE", vouchers_count=1, pattern="AB-###", charset="0123456789"
        )
        made = [await publisher.publish(project, request(f"c{n}", campaign=campaign_id)) for n in range(5)]
        assert len({m.codes[0] for m in made}) == 5
        assert all(len(m.codes[0]) == 6 and m.codes[0].startswith("AB-") for m in made)
        assert made[-1].voucher.updated_at is None
        assert await counters(pool, project, campaign_id) == {
            "vouchers": 5, "published": 5, "held": 0, "withdrawn": 0, "disabled": 0, "publications": 5, "failures": 0,
        }  # fmt: skip

    async def test_several_codes_from_an_exhausted_pool(self, pool, project, publisher):
        campaign_id = await make_campaign(pool, project, type="AUTO_UPDATE", vouchers_count=2)
        made = await publisher.publish(project, request("bob", campaign=campaign_id, count=5))
        assert len(set(made.codes)) == 5
        assert (await counters(pool, project, campaign_id))["vouchers"] == 5

    async def test_the_last_code_of_the_space_is_found_and_then_refused(self, pool, project, publisher):
        campaign_id = await make_campaign(
            pool, project, type="AUTO_UPDATE", vouchers_count=0, pattern="##", charset="0123456789"
        )
        given = [
            (await publisher.publish(project, request(f"c{n}", campaign=campaign_id))).codes[0] for n in range(100)
        ]
        assert len(set(given)) == 100
        with pytest.raises(errors.NoVoucherSuitableForPublication, match="Couldn't create new vouchers"):
            await publisher.publish(project, request("late", campaign=campaign_id))
        assert (await counters(pool, project, campaign_id))["failures"] == 1

    async def test_a_space_nearly_full_is_filled_to_its_last_code_by_a_crowd(self, pool, project, publisher):
        """Drawing at random would not find the last 30 of 10,000 codes; nobody is refused while one is left."""
        full = await make_campaign(pool, project, vouchers_count=0)
        taken = codes.codes_at(codes.code_config(pattern="####", charset="0123456789"), 0, 9_970)
        await add_vouchers(pool, project, full, taken)
        campaign_id = await make_campaign(
            pool, project, type="AUTO_UPDATE", vouchers_count=0, pattern="####", charset="0123456789"
        )
        asked = [publisher.publish(project, request(f"c{n}", campaign=campaign_id)) for n in range(30)]
        made = await asyncio.gather(*asked)
        assert len({m.codes[0] for m in made}) == 30
        late = [publisher.publish(project, request(f"l{n}", campaign=campaign_id)) for n in range(20)]
        refused = await asyncio.gather(*late, return_exceptions=True)
        assert {type(error) for error in refused} == {errors.NoVoucherSuitableForPublication}
        assert await pool.fetchval("SELECT count(*) FROM vouchers WHERE campaign_id = $1", campaign_id) == 30
