"""The unmodified official client (PyPI `voucherify`) against a real server: would its users notice?"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from tests.acceptance.server import Server

if TYPE_CHECKING:
    import voucherify

pytestmark = [
    pytest.mark.usefixtures("official_client"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.row("A196"),
]


@pytest.fixture(scope="module")
def client(server: Server, keys: dict[str, str]) -> Iterator[voucherify.ApiClient]:
    configuration = voucherify.Configuration(
        host=f"http://127.0.0.1:{server.port}", api_key={"X-App-Id": keys["id"], "X-App-Token": keys["token"]}
    )
    with voucherify.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def publications(client):
    return voucherify.PublicationsApi(client)


@pytest.fixture
def campaigns(client):
    return voucherify.CampaignsApi(client)


@pytest.fixture
def vouchers(client):
    return voucherify.VouchersApi(client)


@pytest.fixture
def customers(client):
    return voucherify.CustomersApi(client)


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def make_campaign(campaigns, count: int = 10, **fields):
    body = voucherify.CampaignsCreateRequestBody.from_dict(
        {
            "campaign_type": "DISCOUNT_COUPONS",
            "name": unique("campaign"),
            "type": "STATIC",
            "vouchers_count": count,
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": {"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ORDER"},
                "code_config": {"pattern": "10OFF-#######"},
            },
        }
        | fields
    )
    created = campaigns.create_campaign(campaigns_create_request_body=body)
    assert created.id.startswith("camp_")
    return wait_for_codes(campaigns, created.id, count)


def wait_for_codes(campaigns, id: str, count: int):
    for _ in range(100):
        campaign = campaigns.get_campaign(id)
        if campaign.vouchers_generation_status == "DONE":
            assert campaign.vouchers_count == count
            return campaign
        time.sleep(0.1)
    raise AssertionError(f"{id} still {campaign.vouchers_generation_status}")


def publish(publications, join_once: bool | None = None, **payload):
    payload.setdefault("customer", {"source_id": unique("customer")})
    body = voucherify.PublicationsCreateRequestBody.from_dict(payload)
    answer = publications.create_publication(join_once=join_once, publications_create_request_body=body)
    return answer


class TestCampaigns:
    def test_codes_are_generated_in_the_background(self, campaigns, vouchers):
        campaign = make_campaign(campaigns, 250)
        page = vouchers.list_vouchers(campaign_id=campaign.id, limit=100)
        assert page.total == 250
        assert all(voucher.code.startswith("10OFF-") and len(voucher.code) == 13 for voucher in page.vouchers)
        assert campaign.voucher.code_config.length == 7

    def test_one_code_is_there_at_once(self, campaigns):
        assert make_campaign(campaigns, 1).vouchers_count == 1

    def test_codes_are_added_one_and_many(self, client, campaigns):
        campaign = make_campaign(campaigns, 0)
        one = campaigns.add_vouchers_to_campaign(campaign.id)
        assert one.code.startswith("10OFF-")
        many = campaigns.add_vouchers_to_campaign(campaign.id, vouchers_count=20)
        actions = voucherify.AsyncActionsApi(client)
        for _ in range(100):
            action = actions.get_async_action(many.async_action_id)
            if action.status == "DONE":
                break
            time.sleep(0.1)
        assert (action.status, action.operation_status, action.progress) == ("DONE", "SUCCESS", 100)
        assert campaigns.get_campaign(campaign.id).vouchers_count == 21
        assert any(listed.id == many.async_action_id for listed in actions.list_async_actions().async_actions)

    def test_list_update_disable_enable_delete(self, campaigns):
        campaign = make_campaign(campaigns, 1)
        assert campaign.name in [listed.name for listed in campaigns.list_campaigns(limit=100).campaigns]
        body = voucherify.CampaignsUpdateRequestBody.from_dict({"description": "new", "metadata": {"a": 1}})
        assert campaigns.update_campaign(campaign.id, campaigns_update_request_body=body).description == "new"
        campaigns.disable_campaign(campaign.id)
        assert campaigns.get_campaign(campaign.id).active is False
        campaigns.enable_campaign(campaign.id)
        assert campaigns.delete_campaign(campaign.id, force=True).async_action_id.startswith("aa_")
        with pytest.raises(voucherify.exceptions.NotFoundException):
            campaigns.get_campaign(campaign.id)


class TestPublications:
    def test_a_specific_voucher(self, publications, vouchers):
        code = unique("V")
        body = voucherify.VouchersCreateWithSpecificCodeRequestBody.from_dict(
            {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 1000}}
        )
        vouchers.create_voucher(code, vouchers_create_with_specific_code_request_body=body)
        made = publish(publications, voucher=code)
        assert (made.result, made.channel, made.voucher.code) == ("SUCCESS", "API", code)
        read = vouchers.get_voucher(code)
        assert (read.holder_id, read.publish.count) == (made.customer_id, 1)

    def test_one_of_a_campaign_several_of_a_campaign(self, publications, campaigns):
        campaign = make_campaign(campaigns)
        single = publish(publications, campaign={"name": campaign.name}, metadata={"test": True})
        assert single.voucher.campaign_id == campaign.id
        assert single.metadata == {"test": True}
        several = publish(publications, campaign={"name": campaign.name, "count": 3})
        assert len(set(several.vouchers)) == len(several.vouchers_id) == 3
        assert single.voucher.code not in several.vouchers

    def test_customers_by_id_by_source_id_and_without(self, publications, campaigns, customers):
        campaign = make_campaign(campaigns)
        first = publish(publications, campaign={"name": campaign.name}, customer={"email": "erlich@bachmanity.com"})
        assert customers.get_customer(first.customer_id).email == "erlich@bachmanity.com"
        second = publish(publications, campaign={"name": campaign.name}, customer={"id": first.customer_id})
        assert second.customer_id == first.customer_id

    def test_join_once_and_source_id_give_the_same_code_again(self, publications, campaigns):
        campaign = make_campaign(campaigns)
        bob = {"source_id": unique("bob")}
        joined = [publish(publications, True, campaign={"name": campaign.name}, customer=bob) for _ in range(2)]
        assert joined[0].id == joined[1].id
        source_id = unique("source")
        named = [
            publish(publications, campaign={"name": campaign.name}, customer=bob, source_id=source_id) for _ in range(2)
        ]
        assert named[0].voucher.code == named[1].voucher.code != joined[0].voucher.code
        listed = publications.list_publications(source_id=source_id)
        assert [item.id for item in listed.publications] == [named[0].id]

    def test_auto_update_never_runs_dry(self, publications, campaigns):
        campaign = make_campaign(campaigns, 1, type="AUTO_UPDATE")
        codes = {publish(publications, campaign={"name": campaign.name}).voucher.code for _ in range(5)}
        assert len(codes) == 5
        assert all(code.startswith("10OFF-") for code in codes)
        assert campaigns.get_campaign(campaign.id).vouchers_count == 5

    def test_an_empty_pool_is_refused_and_listed(self, publications, campaigns):
        campaign = make_campaign(campaigns, 1)
        publish(publications, campaign={"name": campaign.name})
        with pytest.raises(voucherify.exceptions.BadRequestException) as refused:
            publish(publications, campaign={"name": campaign.name})
        assert "no_voucher_suitable_for_publication" in str(refused.value)
        listed = publications.list_publications(campaign=campaign.name, result="FAILURE")
        assert listed.total == 1
        assert listed.publications[0].failure_code == "no_voucher_suitable_for_publication"

    def test_the_list_is_newest_first_and_counts_everything(self, publications, campaigns):
        campaign = make_campaign(campaigns)
        made = [publish(publications, campaign={"name": campaign.name}) for _ in range(3)]
        listed = publications.list_publications(campaign=campaign.name, limit=2, page=1)
        assert listed.total == 3
        assert [item.id for item in listed.publications] == [made[2].id, made[1].id]
        oldest = publications.list_publications(campaign=campaign.name, order="created_at", limit=1)
        assert oldest.publications[0].id == made[0].id

    def test_custom_channel_is_kept_though_the_client_cannot_read_it(self, publications, campaigns):
        """The client's own enumeration knows only API in a create answer; COMPATIBILITY.md says what to do."""
        campaign = make_campaign(campaigns)
        with pytest.raises((ValidationError, ValueError)):
            publish(publications, campaign={"name": campaign.name}, channel="newsletter_October")
        listed = publications.list_publications(campaign=campaign.name)
        assert listed.publications[0].channel == "newsletter_October"


class TestFilters:
    """`filters` as the client's own objects (acceptance rows A145–A168)."""

    @pytest.fixture
    def made(self, publications, campaigns):
        """A single one with a source id, one of three codes, and a failure; each to somebody else."""
        campaign = make_campaign(campaigns, 4)
        single = publish(publications, campaign={"name": campaign.name}, source_id=unique("it's"))
        several = publish(publications, campaign={"name": campaign.name, "count": 3})
        with pytest.raises(voucherify.exceptions.BadRequestException):
            publish(publications, campaign={"name": campaign.name})
        return campaign, single, several

    def found(self, publications, filters):
        wanted = voucherify.ParameterFiltersListPublications.from_dict(filters)
        page = publications.list_publications(filters=wanted, limit=100)
        assert page.total == len(page.publications)
        return [item.id for item in page.publications]

    def test_the_examples_of_the_guide(self, publications, made):
        """A146, A147."""
        _, single, several = made
        one, two = single.customer_id, several.customer_id
        assert self.found(publications, {"customer_id": {"conditions": {"$is": one}}}) == [single.id]
        both = {"customer_id": {"conditions": {"$in": [one, two, 'it\'s "nobody"']}}}
        assert self.found(publications, both) == [several.id, single.id]

    def test_every_field(self, publications, made):
        """A150–A158."""
        campaign, single, several = made
        (failed,) = self.found(
            publications,
            {"campaign_name": {"conditions": {"$is": campaign.name}}, "result": {"conditions": {"$is": "FAILURE"}}},
        )
        of_campaign = {"parent_object_id": {"conditions": {"$is": campaign.id}}}
        for filters, ids in (
            ({"failure_code": {"conditions": {"$is": "no_voucher_suitable_for_publication"}}}, [failed]),
            ({"failure_code": {"conditions": {"$is_unknown": ""}}}, [several.id, single.id]),
            ({"voucher_type": {"conditions": {"$is": "DISCOUNT_VOUCHER"}}}, [failed, several.id, single.id]),
            ({"is_referral_code": {"conditions": {"$is": "true"}}}, []),
            ({"is_referral_code": {"conditions": {"$is_not": "true"}}}, [failed, several.id, single.id]),
            ({"related_object_id": {"conditions": {"$in": [several.vouchers_id[2]]}}}, [several.id]),
            ({"source_id": {"conditions": {"$contains": "it's"}}}, [single.id]),
            ({"source_id": {"conditions": {"$not_contain": "it's"}}}, [failed, several.id]),
            ({"source_id": {"conditions": {"$starts_with": "it"}}}, [single.id]),
            ({"source_id": {"conditions": {"$ends_with": single.source_id[-5:]}}}, [single.id]),
            ({"source_id": {"conditions": {"$has_value": ""}}}, [single.id]),
            ({"source_id": {"conditions": {"$not_in": [single.source_id]}}}, [failed, several.id]),
        ):
            assert self.found(publications, of_campaign | filters | {"junction": "and"}) == ids, filters

    def test_any_of(self, publications, made):
        """A149."""
        _, single, several = made
        filters = {
            "junction": "or",
            "source_id": {"conditions": {"$is": single.source_id}},
            "customer_id": {"conditions": {"$is": several.customer_id}},
        }
        assert self.found(publications, filters) == [several.id, single.id]

    def test_campaigns(self, campaigns, made):
        campaign, *_ = made
        wanted = voucherify.ParameterFiltersListCampaigns.from_dict(
            {
                "campaigns": {"conditions": {"$in": [campaign.name]}},
                "type": {"conditions": {"$in": ["STATIC"]}},
                "status": {"conditions": {"$active": {}}},
                "active": {"$enabled": {}},
                "created_date": {"conditions": {"$after": "2024-01-01T00:00:00Z", "$less_than": 2}},
                "validity_day_of_week": {"conditions": None},
                "is_referral_code": {"conditions": {"$is": "FALSE"}},
            }
        )
        assert [found.id for found in campaigns.list_campaigns(filters=wanted).campaigns] == [campaign.id]


class TestVouchersAndCustomers:
    def test_vouchers_are_listed_updated_disabled_enabled_deleted(self, vouchers):
        body = voucherify.VouchersCreateRequestBody.from_dict(
            {"type": "GIFT_VOUCHER", "gift": {"amount": 10000}, "code": unique("GIFT"), "metadata": {"a": 1}}
        )
        made = vouchers.generate_random_code(vouchers_create_request_body=body)
        assert (made.gift.amount, made.gift.balance) == (10000, 10000)
        changes = voucherify.VouchersUpdateRequestBody.from_dict({"additional_info": "new"})
        assert vouchers.update_voucher(made.code, vouchers_update_request_body=changes).additional_info == "new"
        assert vouchers.disable_voucher(made.code).active is False
        assert vouchers.enable_voucher(made.code).active is True
        assert [found.id for found in vouchers.list_vouchers(code=made.code).vouchers] == [made.id]
        vouchers.delete_voucher(made.code, force=True)
        with pytest.raises(voucherify.exceptions.NotFoundException):
            vouchers.get_voucher(made.code)

    def test_customers_are_upserted_listed_updated_deleted(self, customers):
        source_id = unique("bob@example.com")
        body = voucherify.CustomersCreateRequestBody.from_dict(
            {"source_id": source_id, "name": "Bob", "birthdate": "1990-01-02", "address": {"city": "Oslo"}}
        )
        made = customers.create_customer(customers_create_request_body=body)
        again = customers.create_customer(
            customers_create_request_body=voucherify.CustomersCreateRequestBody.from_dict(
                {"source_id": source_id, "name": "Robert"}
            )
        )
        assert (again.id, again.name, again.address.city) == (made.id, "Robert", "Oslo")
        assert customers.get_customer(source_id).id == made.id
        changes = voucherify.CustomersUpdateRequestBody.from_dict({"email": "bob@example.com"})
        assert customers.update_customer(made.id, customers_update_request_body=changes).name == "Robert"
        assert made.id in [listed.id for listed in customers.list_customers(limit=100).customers]
        customers.delete_customer(made.id)
        with pytest.raises(voucherify.exceptions.NotFoundException):
            customers.get_customer(made.id)

    def test_categories(self, client):
        categories = voucherify.CategoriesApi(client)
        name = unique("category")
        body = voucherify.CategoriesCreateRequestBody.from_dict({"name": name, "hierarchy": 3})
        made = categories.create_category(categories_create_request_body=body)
        assert categories.get_category(made.id).hierarchy == 3
        changes = voucherify.CategoriesUpdateRequestBody.from_dict({"name": name, "hierarchy": 1})
        assert categories.update_category(made.id, categories_update_request_body=changes).hierarchy == 1
        assert made.id in [listed.id for listed in categories.list_categories().data]
        categories.delete_category(made.id)
