"""The snippet of docs/webhooks.md verifies what we send."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from largesse.delivery.signatures import signed_headers
from largesse.domain.webhooks import secret_of
from tests.conftest import ROOT

BODY = b'{"id":"whs_1"}'


@pytest.fixture
def verify() -> Callable[..., None]:
    [snippet] = re.findall(r"```python\n(.*?)```", (ROOT / "docs/webhooks.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(snippet, names)
    found: Callable[..., None] = names["verify"]
    return found


def test_what_we_sign_is_verified_also_after_a_rotation(verify: Callable[..., None]) -> None:
    old, new = secret_of(b"o" * 32), secret_of(b"n" * 32)
    headers = signed_headers([new, old], "whs_1", int(time.time()), BODY)
    verify(new, headers, BODY)
    verify(old, headers, BODY)


def test_what_somebody_else_signed_changed_or_recorded_is_not(verify: Callable[..., None]) -> None:
    secret = secret_of(b"s" * 32)
    headers = signed_headers([secret], "whs_1", int(time.time()), BODY)
    with pytest.raises(ValueError, match="not signed"):
        verify(secret_of(b"x" * 32), headers, BODY)
    with pytest.raises(ValueError, match="not signed"):
        verify(secret, headers, BODY + b" ")
    with pytest.raises(ValueError, match="not signed"):
        verify(secret, headers | {"webhook-id": "whs_2"}, BODY)
    with pytest.raises(ValueError, match="too old"):
        verify(secret, signed_headers([secret], "whs_1", int(time.time()) - 301, BODY), BODY)
