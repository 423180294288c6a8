"""The requests of the documents that Largesse implements, with only host and keys changed, against a real server.

The answers must have every key that the documents' samples show: of 2018 for the two tutorial requests, of 2022 for the
reference's.
"""

import http.client
import json
from typing import Any

import pytest

from tests.acceptance.server import Server

TUTORIAL_PUBLICATION = {"id", "object", "created_at", "customer_id", "channel"}
TUTORIAL_VOUCHER = {
    "code", "campaign", "category", "type", "discount", "gift", "start_date", "expiration_date", "validity_timeframe",
    "validity_day_of_week", "publish", "redemption", "active", "additional_info", "metadata", "is_referral_code", "updated_at",
}  # fmt: skip
REFERENCE_PUBLICATION = {
    "id", "object", "created_at", "customer_id", "tracking_id", "metadata", "channel", "source_id", "result", "customer",
    "voucher", "vouchers_id",
}  # fmt: skip
REFERENCE_VOUCHER = TUTORIAL_VOUCHER | {
    "id", "campaign_id", "category_id", "loyalty_card", "assets", "created_at", "holder_id", "object",
}  # fmt: skip


class Api:
    def __init__(self, server: Server, keys: dict[str, str]) -> None:
        self._port = server.port
        self._keys = {"X-App-Id": keys["id"], "X-App-Token": keys["token"]}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        sent = None if body is None else body if isinstance(body, str) else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json", **self._keys, **headers})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, text
        return json.loads(text)


@pytest.fixture(scope="module")
def api(server: Server, keys: dict[str, str]) -> Api:
    return Api(server, keys)


def test_specific_voucher_of_the_tutorial(api: Api):
    """Seed 000, first request: its voucher and customer exist under these names."""
    voucher = {
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "PERCENT", "percent_off": 10.0},
        "redemption": {"quantity": 1},
    }
    api("POST", "/v1/vouchers/ycs2AnLT", voucher)
    customer = api("POST", "/v1/customers", {"source_id": "12344"})["id"]
    answer = api(
        "POST",
        "/v1/publications",
        f"""{{
      "voucher": "ycs2AnLT",
        "customer": "{customer}",
        "channel": "newsletter_October"
    }}""",
    )
    assert set(answer) >= TUTORIAL_PUBLICATION | {"tracking_id", "voucher"}
    assert (answer["tracking_id"], answer["channel"]) == ("12344", "newsletter_October")
    assert set(answer["voucher"]) >= TUTORIAL_VOUCHER
    assert answer["voucher"]["discount"] == {"type": "PERCENT", "percent_off": 10.0}
    assert answer["voucher"]["publish"] == {
        "object": "list", "count": 1, "url": "/v1/vouchers/ycs2AnLT/publications?page=1&limit=10",
    }  # fmt: skip
    assert answer["voucher"]["redemption"] == {
        "object": "list", "quantity": 1, "redeemed_quantity": 0, "url": "/v1/vouchers/ycs2AnLT/redemptions?page=1&limit=10",
    }  # fmt: skip
    shown = api("GET", "/v1/vouchers/ycs2AnLT")["publish"]
    assert set(shown) == {"object", "count", "data_ref", "entries", "total", "url"}
    (entry,) = shown["entries"]
    assert entry == {
        "customer_id": customer, "customer": "12344", "channel": "newsletter_October", "published_at": answer["created_at"],
        "metadata": entry["metadata"], "object": "publication",
    }  # fmt: skip


def test_codes_of_a_campaign_of_the_tutorial(api: Api):
    """Seed 000, second request."""
    make_campaign(api, "100k-test", 2)
    answer = api(
        "POST",
        "/v1/publications",
        """{
    "campaign": {
      "name": "100k-test",
      "count": 2
    },
        "customer": {
      "email": "erlich@bachmanity.com",
      "name": "Erlich Bachman"
    },
    "metadata": {
      "test": true,
      "provider": "Shop Admin"
    }
  }""",
    )
    assert set(answer) >= TUTORIAL_PUBLICATION | {"metadata", "vouchers"}
    assert answer["metadata"] == {"test": True, "provider": "Shop Admin"}
    assert answer["channel"] == "API"
    assert len(set(answer["vouchers"])) == 2


@pytest.mark.parametrize("source", [{"campaign": {"name": "campaign-name"}}, {"voucher": "voucher-code"}])
def test_request_of_the_reference(api: Api, source: dict[str, Any]):
    """Seed 003: its request names both a campaign and a voucher (the voucher wins), and sends a bearer token as well as
    the key pair (the pair decides)."""
    if "voucher" in source:
        api(
            "POST",
            "/v1/vouchers/voucher-code",
            {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 300}},
        )
    else:
        make_campaign(api, "campaign-name", 1)
    body = {
        **source,
        "customer": {"source_id": "source-id", "Name": "Customer Name", "email": "customer email"},
        "metadata": {"key": "value"},
    }
    if "voucher" in source:
        body["campaign"] = {"name": "campaign-name"}
    answer = api("POST", "/v1/publications", body, Authorization="Bearer <token>")
    assert set(answer) >= REFERENCE_PUBLICATION
    assert set(answer["voucher"]) >= REFERENCE_VOUCHER
    assert set(answer["customer"]) == {"id", "name", "email", "source_id", "metadata", "object"}
    assert set(answer["voucher"]["assets"]) == {"qr", "barcode"}
    assert (answer["result"], answer["tracking_id"]) == ("SUCCESS", "source-id")
    assert answer["voucher"]["code"] == "voucher-code" or "voucher" not in source


def make_campaign(api: Api, name: str, count: int) -> None:
    voucher = {
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "AMOUNT", "amount_off": 300, "effect": "APPLY_TO_ITEMS"},
    }
    api("POST", "/v1/campaigns", {"name": name, "voucher": voucher})
    for _ in range(count):
        api("POST", f"/v1/campaigns/{name}/vouchers")
