from datetime import timedelta
from typing import Any

import msgspec
import pytest

from largesse.domain.errors import InvalidPayload
from largesse.domain.webhooks import STATUSES, Delivery, Webhook
from largesse.wire.parse import convert
from largesse.wire.webhooks import WebhookChanges, envelope, render_delivery, render_webhook, without_nulls
from tests.domain.moments import NOON

SUBSCRIBABLE = {"voucher.created": "", "order.paid": "can't happen here yet"}


def faults(**changes: Any) -> list[str]:
    sent = convert(changes, WebhookChanges)
    try:
        sent.check(SUBSCRIBABLE, allow_private=False)
    except InvalidPayload as error:
        return str(error).split("; ")
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"events": None, "headers": None, "active": None, "target_url": None},
        {"target_url": "https://shop.example/hook", "events": ["voucher.created"], "active": False},
        {"headers": {"Authorization": "Bearer x", "X-Team": None, "x_y": ""}},
        {"headers": {"Content": "x", "Hosts": "y"}},
    ],
)
def test_a_webhook_is_accepted(changes: dict[str, Any]) -> None:
    assert faults(**changes) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"target_url": "https://10.0.0.1/"}, "Property .target_url must not be a private or local address"),
        ({"events": ["voucher.created", "nope"]},
         "Property .events[1] must be the name of an event: nobody knows 'nope'"),
        ({"events": ["order.paid"]}, "Property .events[0] can't happen here yet"),
        ({"headers": {"a b": "x"}}, "Property .headers.a b has a name that can't be a header's"),
        ({"headers": {"": "x"}}, "Property .headers. has a name that can't be a header's"),
        ({"headers": {"a\r\nb": "x"}}, "Property .headers.a\r\nb has a name that can't be a header's"),
        ({"headers": {"a": "x\r\ny"}}, "Property .headers.a must be printable ASCII"),
        ({"headers": {"a": "\x00"}}, "Property .headers.a must be printable ASCII"),
        ({"headers": {"a": "ü"}}, "Property .headers.a must be printable ASCII"),
    ],
)  # fmt: skip
def test_each_fault_is_named_by_its_place(changes: dict[str, Any], fault: str) -> None:
    assert faults(**changes) == [fault]


@pytest.mark.parametrize(
    "name",
    ["Host", "CONTENT-TYPE", "content-length", "Transfer-Encoding", "connection", "keep-alive", "TE", "trailer",
     "Upgrade", "Expect", "Proxy-Authorization", "Webhook-Signature", "webhook-id", "X-Voucherify-Signature"],
)  # fmt: skip
def test_headers_that_say_what_is_sent_are_ours(name: str) -> None:
    assert faults(headers={name: "x"}) == [f"Property .headers.{name} is a header that this server sets itself"]


def test_two_spellings_of_one_header_are_one_too_many() -> None:
    assert len(faults(headers={"X-A": "1", "x-a": "2"})) == 2


def test_a_value_that_is_null_is_none() -> None:
    assert without_nulls({"a": None, "b": "", "c": "x"}) == {"b": "", "c": "x"}


def test_the_values_of_headers_are_not_shown() -> None:
    webhook = Webhook(
        id="wh_1", target_url="https://x", events=[], headers={"Authorization": "secret"}, created_at=NOON
    )
    assert render_webhook(webhook)["headers"] == {"Authorization": None}
    assert "secret" not in str(render_webhook(webhook))


@pytest.mark.parametrize("status", STATUSES)
def test_only_a_delivery_that_is_not_over_has_a_next_attempt(status: str) -> None:
    delivery = Delivery(
        id="d_1", webhook_id="wh_1", event_id="e_1", type="voucher.created", entity_id="v_1", body='{"a":1}',
        status=status, due_at=NOON + timedelta(minutes=1), created_at=NOON,
    )  # fmt: skip
    shown = render_delivery(delivery)
    assert (shown["next_attempt_at"] is not None) is (status == "PENDING")
    assert "body" not in shown
    assert render_delivery(delivery, [])["body"] == {"a": 1}


def test_what_is_signed_is_compact_and_in_one_order() -> None:
    body = envelope(
        id="e_1", project_id="proj_1", created_at=NOON, type="voucher.created", data={"b": 1, "a": "ü"}, source={}, event=None
    )  # fmt: skip
    assert body == (
        '{"id":"e_1","project_id":"proj_1","created_at":"2026-06-01T12:00:00.000Z","type":"voucher.created",'
        '"data":{"b":1,"a":"ü"},"source":{},"event":null}'
    )
    assert list(msgspec.json.decode(body)["data"]) == ["b", "a"]
