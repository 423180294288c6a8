"""Integration keys, access tokens and balances on a real server of two processes, through the official client."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.acceptance.server import Server

if TYPE_CHECKING:
    import voucherify

pytestmark = [
    pytest.mark.usefixtures("official_client"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.row("A196"),
]
FELT_WITHIN_S = 30.0
"""A lookup is remembered for five seconds; the rest is what a busy machine adds."""


def client_of(server: Server, key: dict[str, str]) -> voucherify.ApiClient:
    configuration = voucherify.Configuration(
        host=f"http://127.0.0.1:{server.port}", api_key={"X-App-Id": key["id"], "X-App-Token": key["token"]}
    )
    return voucherify.ApiClient(configuration)


@pytest.fixture
def vouchers(server, keys):
    with client_of(server, keys) as client:
        yield voucherify.VouchersApi(client)


@pytest.fixture
def code(vouchers) -> str:
    """A gift card of 100.00."""
    code = f"G-{secrets.token_hex(4)}"
    body = voucherify.VouchersCreateWithSpecificCodeRequestBody.from_dict(
        {"type": "GIFT_VOUCHER", "gift": {"amount": 10000, "effect": "APPLY_TO_ORDER"}}
    )
    vouchers.create_voucher(code=code, vouchers_create_with_specific_code_request_body=body)
    return code


def test_the_client_publishes_by_query(server: Server, code: str) -> None:
    credentials = json.loads((server.data / "credentials.json").read_text())
    customer = voucherify.Customer(source_id=f"s-{code}", email="a@b.example", metadata={"a": {"b": 1}})
    with client_of(server, credentials["integration"]) as client:
        publication = voucherify.PublicationsApi(client).create_publication1(
            customer=customer, voucher=code, join_once=True, metadata={"o": {"p": {"tax": 9}}}
        )
    assert publication.voucher is not None
    assert (publication.voucher.code, publication.tracking_id) == (code, f"s-{code}")
    assert publication.metadata == {"o": {"p": {"tax": "9"}}}


def test_the_client_changes_a_balance_and_lists_it(vouchers: voucherify.VouchersApi, code: str) -> None:
    body = voucherify.VouchersBalanceUpdateRequestBody(amount=-500, reason="returned")
    changed = vouchers.update_voucher_balance(code=code, vouchers_balance_update_request_body=body)
    assert (changed.balance, changed.total) == (9500, 10000)
    [transaction] = vouchers.list_voucher_transactions(code=code).data or []
    assert (transaction.type, transaction.reason) == ("CREDITS_REMOVAL", "returned")
    assert transaction.details is not None
    assert transaction.details.balance is not None
    assert transaction.details.balance.balance == 9500


def test_a_revoked_token_is_refused_by_every_process_within_seconds(server: Server, keys: dict[str, str]) -> None:
    """A003"""
    pair = {"X-App-Id": keys["id"], "X-App-Token": keys["token"]}
    form: dict[str, Any] = {"grant_type": "client_credentials", "scope": "publications"}
    base = f"http://127.0.0.1:{server.port}"
    token = httpx.post(f"{base}/v1/oauth/token", data=form, headers=pair).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    def statuses() -> set[int]:
        """Each on a connection of its own, so that both processes are asked."""
        return {httpx.get(f"{base}/v1/publications", headers=headers).status_code for _ in range(20)}

    assert statuses() == {200}
    assert httpx.post(f"{base}/v1/oauth/token/revoke", data={"access_token": token}, headers=pair).status_code == 204
    until = time.monotonic() + FELT_WITHIN_S
    while statuses() != {401}:
        assert time.monotonic() < until
