"""What receivers verify."""

import base64
import hashlib
import hmac

import pytest

from largesse.delivery.signatures import signed_headers, standard_signature, voucherify_signature
from largesse.domain.webhooks import secret_of


def test_the_vector_of_the_guide() -> None:
    expected = "a17d2ac229d1ebbb5f10e839c7985c4818e5986eab297f7e5979196d4d7d3ed2"
    assert voucherify_signature("secretKey", b'{"a":1}') == expected


def test_the_vector_of_standard_webhooks() -> None:
    """The one that the libraries of standardwebhooks.com test with."""
    secret, id = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    signature = standard_signature(secret, id, 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_just_replaced_signs_along() -> None:
    new, old = secret_of(b"n" * 32), secret_of(b"o" * 32)
    headers = signed_headers([new, old], "whs_1", 1_700_000_000, b"{}")
    assert headers["x-voucherify-signature"] == hmac.new(new.encode(), b"{}", hashlib.sha256).hexdigest()
    assert headers["webhook-signature"].split(" ") == [
        standard_signature(secret, "whs_1", 1_700_000_000, b"{}") for secret in (new, old)
    ]
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("whs_1", "1700000000")


@pytest.mark.parametrize("size", [32])
def test_a_secret_is_its_bytes_in_base64_behind_a_prefix(size: int) -> None:
    secret = secret_of(bytes(range(size)))
    assert secret.startswith("whsec_")
    assert base64.b64decode(secret.removeprefix("whsec_"), validate=True) == bytes(range(size))
