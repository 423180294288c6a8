from typing import Any

import pytest

from largesse.actions.ids import IdSource
from largesse.actions.publications import publication_request
from largesse.domain.publications import PublicationRequest
from largesse.wire.parse import convert
from largesse.wire.publications import PublicationInput


def request(*, join_once: bool | None = None, **body: Any) -> PublicationRequest:
    sent = convert({"campaign": "c", "customer": {"source_id": "x"}} | body, PublicationInput)
    return publication_request(sent, IdSource(), join_once=join_once, count_max=50)


@pytest.mark.parametrize(
    ("query", "body", "joins"),
    [
        (None, None, False), (None, True, True), (None, False, False), (True, None, True), (True, False, True),
        (False, True, False), (False, None, False),
    ],
)  # fmt: skip
def test_the_query_beats_the_body_in_whether_to_join_once(query: bool | None, body: bool | None, joins: bool) -> None:
    sent = convert({"campaign": "c", "customer": "x", "join_once": body}, PublicationInput)
    assert publication_request(sent, IdSource(), join_once=query, count_max=50).join_once is joins


@pytest.mark.parametrize(
    ("customer", "makes_one"),
    [({"id": "cust_1"}, False), ("cust_1", False), ({"source_id": "x"}, True), ("x", True), ({"name": "A"}, True)],
)
def test_a_customer_may_be_made_unless_it_was_named_by_our_id(customer: Any, makes_one: bool) -> None:
    reference = request(customer=customer).customer
    assert (reference.new_id is not None) is makes_one
    assert reference.new_id is None or reference.new_id.startswith("cust_")


def test_what_is_not_said_has_its_default() -> None:
    wanted = request()
    assert (wanted.channel, wanted.metadata, wanted.source_id, wanted.count) == ("API", {}, None, 1)


def test_each_request_has_ids_of_its_own_and_keeps_those_of_its_holders_apart() -> None:
    ids = IdSource(lambda: 1_700_000_000_000)
    sent = convert({"campaign": {"name": "c", "count": 3}, "customer": "x"}, PublicationInput)
    first, second = (publication_request(sent, ids, count_max=50) for _ in range(2))
    assert first.id != second.id
    assert len(first.holder_millis) == 11
    places = [
        {(one.holder_millis, one.holder_counter + index) for index in range(one.count)} for one in (first, second)
    ]
    assert not places[0] & places[1]
