"""The official Python client around publications: exports, segments, rules, schemas, the bin, imports, management."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.server import Server, run

if TYPE_CHECKING:
    import voucherify

pytestmark = [
    pytest.mark.usefixtures("official_client"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.row("A196"),
]
DISCOUNT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
RULES = {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"}


@pytest.fixture(scope="module")
def client(server: Server, keys: dict[str, str]) -> Iterator[voucherify.ApiClient]:
    configuration = voucherify.Configuration(
        host=f"http://127.0.0.1:{server.port}", api_key={"X-App-Id": keys["id"], "X-App-Token": keys["token"]}
    )
    with voucherify.ApiClient(configuration) as client:
        yield client


def unique(word: str) -> str:
    return f"{word}-{secrets.token_hex(4)}"


def body(name: str, /, **fields: Any) -> Any:
    return getattr(voucherify, name).from_dict(fields)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def published(client: voucherify.ApiClient) -> Any:
    """A publication to a new customer."""
    code, customer = unique("code"), {"source_id": unique("customer")}
    voucher = body("VouchersCreateWithSpecificCodeRequestBody", **DISCOUNT)
    voucherify.VouchersApi(client).create_voucher(code, vouchers_create_with_specific_code_request_body=voucher)
    sent = body("PublicationsCreateRequestBody", voucher=code, customer=customer)
    return voucherify.PublicationsApi(client).create_publication(publications_create_request_body=sent)


def done(client: voucherify.ApiClient, started: Any) -> Any:
    """The result of an async action."""
    actions = voucherify.AsyncActionsApi(client)
    until(lambda: actions.get_async_action(started.async_action_id).status == "DONE")
    action = actions.get_async_action(started.async_action_id)
    assert action.operation_status == "SUCCESS"
    return action.result


@pytest.mark.parametrize("exported_object", ["publication", "voucher", "customer"])
def test_an_export_is_made_listed_downloaded_and_deleted(client: voucherify.ApiClient, exported_object: str) -> None:
    exports = voucherify.ExportsApi(client)
    publication = published(client)
    sent = body("ExportsCreateRequestBody", exported_object=exported_object)
    export = exports.create_export(exports_create_request_body=sent)
    assert export.status == "SCHEDULED"
    until(lambda: exports.get_export(export.id).status == "DONE")
    url = exports.get_export(export.id).result.url
    text = exports.download_export(export.id, token=url.rpartition("token=")[2])
    needed = {"customer": publication.tracking_id}.get(exported_object, publication.voucher.code)
    assert needed in text
    assert export.id in [listed.id for listed in exports.list_exports(limit=100).exports]
    exports.delete_export(export.id)


def test_segments_and_the_activity_of_a_customer(client: voucherify.ApiClient) -> None:
    segments, customers = voucherify.SegmentsApi(client), voucherify.CustomersApi(client)
    customer = published(client).customer_id
    sent = body("SegmentsCreateRequestBody", name=unique("segment"), type="static", customers=[customer])
    segment = segments.create_segment(segments_create_request_body=sent)
    assert segments.get_segment(segment.id).name == segment.name
    assert [listed.id for listed in customers.list_customers(segment_id=segment.id).customers] == [customer]
    assert [listed.id for listed in customers.list_customer_segments(customer).data] == [segment.id]
    types = [entry.type for entry in customers.list_customer_activity(customer).data]
    assert "customer.publication.succeeded" in types
    assert len(customers.list_customer_redeemables(customer).data) == 1
    segments.delete_segment(segment.id)


def test_rules_are_made_assigned_and_removed(client: voucherify.ApiClient) -> None:
    rules, code = voucherify.ValidationRulesApi(client), published(client).voucher.code
    sent = body("ValidationRulesCreateRequestBody", name="Large orders", rules=RULES)
    rule = rules.create_validation_rules(validation_rules_create_request_body=sent)
    assert rules.get_validation_rule(rule.id).rules == RULES
    related = body("ValidationRulesAssignmentsCreateRequestBody", related_object_type="voucher", related_object_id=code)
    assigned = rules.create_validation_rule_assignment(
        rule.id, validation_rules_assignments_create_request_body=related
    )
    assert rules.list_validation_rule_assignments(rule.id).total == 1
    assert rules.list_validation_rules_assignments(rule=rule.id).data[0].id == assigned.id
    voucher = voucherify.VouchersApi(client).get_voucher(code)
    assert voucher.validation_rules_assignments.data[0].rule_id == rule.id
    change = body("ValidationRulesUpdateRequestBody", name="Larger")
    assert rules.update_validation_rule(rule.id, validation_rules_update_request_body=change).name == "Larger"
    rules.delete_validation_rule_assignment(rule.id, assigned.id)
    rules.delete_validation_rules(rule.id)
    assert rule.id not in [listed.id for listed in rules.list_validation_rules(limit=100).data]


def test_imports_and_changes_of_many(client: voucherify.ApiClient) -> None:
    vouchers, customers = voucherify.VouchersApi(client), voucherify.CustomersApi(client)
    code, source_id = unique("import"), unique("bulk")
    rows = [body("VouchersImportCreateItemRequestBody", code=code, **DISCOUNT)]
    assert done(client, vouchers.import_vouchers(rows))["done_count"] == 1
    changes = [body("VouchersUpdateInBulkItemRequestBody", code=code, metadata={"a": 1})]
    done(client, vouchers.update_vouchers_in_bulk(changes))
    assert vouchers.get_voucher(code).metadata == {"a": 1}
    people = [body("CustomersUpdateInBulkRequestBody", source_id=source_id, name="Ada")]
    done(client, customers.update_customers_in_bulk(people))
    many = body("CustomersMetadataUpdateInBulkRequestBody", source_ids=[source_id], metadata={"b": 2})
    done(client, customers.update_customers_metadata_in_bulk(many))
    assert customers.get_customer(source_id).metadata == {"b": 2}
    assert customers.customer_permanently_deletion(source_id).status == "DONE"


def test_the_bin(client: voucherify.ApiClient) -> None:
    bin_, code = voucherify.BinApi(client), published(client).voucher.code
    voucherify.VouchersApi(client).delete_voucher(code)
    entry = next(entry for entry in bin_.list_bin_entries(limit=100).data if entry.resource_name == code)
    bin_.delete_bin_entry(entry.id)
    assert code not in [left.resource_name for left in bin_.list_bin_entries(limit=100).data]


def test_a_campaigns_summary_and_its_imports(client: voucherify.ApiClient) -> None:
    campaigns, name = voucherify.CampaignsApi(client), unique("campaign")
    sent = body(
        "CampaignsCreateRequestBody", name=name, campaign_type="DISCOUNT_COUPONS", type="STATIC", voucher=DISCOUNT
    )
    campaign = campaigns.create_campaign(campaigns_create_request_body=sent)
    rows = [body("CampaignsImportVoucherItem", code=unique("row"))]
    done(client, campaigns.import_vouchers_to_campaign(campaign.id, rows))
    order = body("PublicationsCreateRequestBody", campaign={"name": name}, customer={"source_id": unique("c")})
    voucherify.PublicationsApi(client).create_publication(publications_create_request_body=order)
    assert campaigns.get_campaign_summary(campaign.id).publications == 1


def test_management_of_projects_and_schemas(server: Server, client: voucherify.ApiClient) -> None:
    made = run("keys", "create", "--kind", "management", "--data", str(server.data), "--json")
    key = json.loads(made.stdout)
    configuration = voucherify.Configuration(
        host=f"http://127.0.0.1:{server.port}",
        api_key={"X-Management-Id": key["id"], "X-Management-Token": key["token"]},
    )
    with voucherify.ApiClient(configuration) as manager:
        management = voucherify.ManagementApi(manager)
        sent = body(
            "ManagementProjectsCreateRequestBody",
            name=unique("project"),
            currency="EUR",
            timezone="Europe/Berlin",
            cluster_id="eu1",
            case_sensitive_codes=True,
            api_version="v2018-08-01",
        )
        project = management.create_project(management_projects_create_request_body=sent)
        schema = body(
            "ManagementProjectsMetadataSchemasCreateRequestBody",
            related_object="publication",
            allow_defined_only=False,
            properties={"shelf": {"type": "number", "array": False, "optional": False, "deleted": False}},
        )
        created = management.create_metadata_schema(
            project.id, management_projects_metadata_schemas_create_request_body=schema
        )
        assert created.related_object == "publication"
        own = voucherify.Configuration(
            host=configuration.host,
            api_key={
                "X-App-Id": project.server_side_key.app_id,
                "X-App-Token": project.server_side_key.app_token,
            },
        )
        with voucherify.ApiClient(own) as inside:
            schemas = voucherify.MetadataSchemasApi(inside)
            assert schemas.get_metadata_schema("publication").properties is not None
            assert [listed.related_object for listed in schemas.list_metadata_schemas().schemas] == ["publication"]
            with pytest.raises(voucherify.exceptions.BadRequestException, match="metadata_validation_failed"):
                published(inside)
        management.delete_project(project.id)
