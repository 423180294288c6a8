"""Whom a request to publish names, and what it wants."""

from typing import Any
from urllib.parse import quote

import pytest

from largesse.domain.errors import InvalidPayload, InvalidQueryParams, MissingVouchers, TooManyVouchersRequested
from largesse.domain.publications import Publication
from largesse.domain.vouchers import Voucher
from largesse.wire.lists import Query
from largesse.wire.parse import convert
from largesse.wire.publications import (
    PublicationInput,
    read_publication_query,
    render_publication_in_list,
)
from tests.domain.moments import NOON


def sent(**body: Any) -> PublicationInput:
    return convert(body, PublicationInput)


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({"voucher": "A"}, ("A", None, 1)),
        ({"voucher": "A", "campaign": {"name": "c", "count": 9}}, ("A", None, 1)),
        ({"campaign": "c"}, (None, "c", 1)),
        ({"campaign": {"name": "c"}}, (None, "c", 1)),
        ({"campaign": {"name": "c", "count": None}}, (None, "c", 1)),
        ({"campaign": {"name": "c", "count": 50}}, (None, "c", 50)),
        ({"campaign": {"name": "c", "count": 1}, "source_id": "s"}, (None, "c", 1)),
    ],
)
def test_a_voucher_beats_a_campaign_and_one_code_is_wanted_unless_said(body: dict[str, Any], source: Any) -> None:
    assert sent(**body).source() == source


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, MissingVouchers),
        ({"campaign": {}}, MissingVouchers),
        ({"campaign": {"count": 2}}, MissingVouchers),
        ({"campaign": {"name": "c", "count": 0}}, InvalidPayload),
        ({"campaign": {"name": "c", "count": -1}}, InvalidPayload),
        ({"campaign": {"name": "c", "count": 51}}, TooManyVouchersRequested),
        ({"campaign": {"name": "c", "count": 2}, "source_id": "s"}, TooManyVouchersRequested),
    ],
)
def test_what_cannot_be_published_is_refused(body: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        sent(**body).source()


@pytest.mark.parametrize(
    ("customer", "recipient"),
    [
        ("cust_1", ("cust_1", None, None)),
        ("mine", (None, "mine", None)),
        ({"id": "cust_1"}, ("cust_1", None, None)),
        ({"id": "other"}, ("other", None, None)),
        ({"source_id": "mine"}, (None, "mine", None)),
        ({"source_id": "cust_1"}, ("cust_1", None, None)),  # a source_id never starts so
        ({"id": "cust_1", "source_id": "mine"}, ("cust_1", None, None)),
        ({"name": "A"}, (None, None, {"name": "A"})),
        ({"source_id": "x", "birthday": "2000-02-29", "metadata": {}},
         (None, "x", {"birthday": "2000-02-29", "metadata": {}})),
        ({"source_id": "x", "name": None, "address": {"city": None}}, (None, "x", None)),
    ],
)  # fmt: skip
def test_a_recipient_is_named_by_id_or_source_id_or_is_new(customer: Any, recipient: Any) -> None:
    assert sent(voucher="A", customer=customer).recipient() == recipient


@pytest.mark.parametrize("body", [{}, {"customer": None}, {"customer": {}}])
def test_a_publication_is_for_somebody(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload, match="must have required property 'customer'"):
        sent(voucher="A", **body).recipient()


def test_a_source_id_of_a_customer_is_as_long_as_one_can_be() -> None:
    assert sent(customer={"source_id": "x" * 255}).recipient()[1] == "x" * 255
    for customer in ("x" * 256, {"source_id": "x" * 256}):
        with pytest.raises(InvalidPayload, match=r"customer\.source_id"):
            sent(customer=customer).recipient()


def read(text: str) -> PublicationInput:
    return read_publication_query(Query.parse(text.encode()))


def test_a_query_stands_for_a_body() -> None:
    query = "campaign[name]=c&campaign[count]=2&customer[source_id]=x&metadata[a]=1&join_once=true"
    wanted = read(query)
    assert wanted.source() == (None, "c", 2)
    assert wanted.recipient() == (None, "x", None)
    assert (wanted.metadata, wanted.join_once) == ({"a": "1"}, True)


@pytest.mark.parametrize("count", ["x", "1.5", "", "1e3", "\u0661", "9" * 19])
def test_a_count_in_a_query_is_a_whole_number(count: str) -> None:
    with pytest.raises(InvalidQueryParams, match="count"):
        read(f"campaign[name]=c&campaign[count]={quote(count)}&customer[source_id]=x")


@pytest.mark.parametrize("query", ["voucher=A", "voucher=A&customer[source_id]=x&source_id=", "voucher=A&customer="])
def test_a_query_that_is_not_what_was_meant_is_refused(query: str) -> None:
    with pytest.raises(InvalidQueryParams):
        read(query)


def publication(**changes: Any) -> Publication:
    facts: dict[str, Any] = {
        "id": "pub_1", "result": "SUCCESS", "created_at": NOON, "campaign_id": None, "customer_id": None,
        "customer": None, "tracking_id": None, "source_id": None, "channel": "API", "metadata": {},
        "voucher_ids": ["v_1"], "codes": ["A"],
    }  # fmt: skip
    return Publication(**facts | changes)


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"voucher": Voucher(id="v_1", code="A", type="GIFT_VOUCHER", created_at=NOON)}, {"voucher"}),
        ({}, {"voucher"}),  # deleted since: its id and code are left
        ({"codes": ["A", "B"], "voucher_ids": ["v_1", "v_2"]}, {"vouchers"}),
        (
            {"codes": [], "voucher_ids": [], "failure_code": "f", "failure_message": "m"},
            {"failure_code", "failure_message"},
        ),
    ],
)
def test_a_list_shows_each_publication_in_the_form_of_its_kind(changes: dict[str, Any], keys: set[str]) -> None:
    shown = render_publication_in_list(publication(**changes))
    assert {"voucher", "vouchers", "failure_code", "failure_message"} & set(shown) == keys
    assert shown["vouchers_id"] == changes.get("voucher_ids", ["v_1"])


def test_of_a_voucher_deleted_since_id_and_code_are_left() -> None:
    assert render_publication_in_list(publication())["voucher"] == {
        "id": "v_1", "code": "A", "object": "voucher", "campaign": None,
    }  # fmt: skip
