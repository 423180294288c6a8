"""The unmodified official Python client clears fields by the nulls that its caller meant, and by no others."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from largesse.wire import campaigns, validation_rules, vouchers
from tests.acceptance.server import Server

if TYPE_CHECKING:
    import voucherify

pytestmark = [
    pytest.mark.usefixtures("official_client"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.row("A196"),
]
CUSTOMER_FIELDS = ("name", "description", "email", "phone", "birthday", "birthdate", "address", "metadata")


@pytest.fixture(scope="module")
def customers(server: Server, keys: dict[str, str]) -> Iterator[voucherify.CustomersApi]:
    configuration = voucherify.Configuration(
        host=f"http://127.0.0.1:{server.port}", api_key={"X-App-Id": keys["id"], "X-App-Token": keys["token"]}
    )
    with voucherify.ApiClient(configuration) as client:
        yield voucherify.CustomersApi(client)


@pytest.fixture
def ann(customers) -> str:
    source_id = f"ann-{secrets.token_hex(4)}"
    profile = {"source_id": source_id, "name": "Ann", "phone": "+491", "address": {"city": "Ulm", "line_1": "A 1"}}
    customers.create_customer(customers_create_request_body=voucherify.CustomersCreateRequestBody.from_dict(profile))
    return source_id


def test_the_constructor_clears(customers, ann):
    address = voucherify.CustomersUpdateRequestBodyAddress(line_1=None)
    body = voucherify.CustomersUpdateRequestBody(phone=None, address=address)
    after = customers.update_customer(ann, customers_update_request_body=body)
    assert (after.name, after.phone, after.address.city, after.address.line_1) == ("Ann", None, "Ulm", None)


def test_from_dict_does_not(customers, ann):
    body = voucherify.CustomersUpdateRequestBody.from_dict({"name": "Anna", "address": {"city": "Bonn"}})
    after = customers.update_customer(ann, customers_update_request_body=body)
    assert (after.name, after.phone, after.address.city, after.address.line_1) == ("Anna", "+491", "Bonn", "A 1")


@pytest.mark.parametrize(
    ("model", "nullable"),
    [
        ("CustomersUpdateRequestBody", CUSTOMER_FIELDS),
        ("VouchersUpdateRequestBody", vouchers.NULLABLE),
        ("CampaignsUpdateRequestBody", campaigns.NULLABLE),
        ("ValidationRulesUpdateRequestBody", validation_rules.NULLABLE),
    ],
)
def test_what_is_taken_for_nullable_is_what_from_dict_sends(model, nullable):
    assert set(nullable) <= set(getattr(voucherify, model).from_dict({}).to_dict())
