"""A real server answers everybody else while it judges templates that were written to stop it."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.server import Server, data_folder, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOSTILE = (
    "{{" * 30_000,
    "{% raw %}" * 7_000,
    "{{" + " " * 60_000 + "}}",
    ("{% endif" + " " * 100 + "-%}") * 580,
    "{% capture a %}" + "<" * 60_000 + "{% endcapture %}{{ a | strip_html }}",
    "{% for i in campaign.metadata.many %}" + "{% assign a = 1 %}" * 1_900 + "{% endfor %}",
)
PROMPT_S = 3.0
"""Ten other things may be running on this machine; the templates took minutes."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with data_folder() as data, serving(data) as running:
        yield running


def body(text: str) -> dict[str, Any]:
    return {
        "name": "x",
        "audience": {"filter": {"name": {"conditions": {"$is": ["Ann"]}}}},
        "action": {"type": "publish", "campaign": "many"},
        "channels": [{"type": "email", "from": "shop@example.com", "subject": "x", "text": text}],
    }


def test_health_is_told_while_templates_are_judged(server: Server) -> None:
    many = {"name": "many", "vouchers_count": 1, "metadata": {"many": list(range(900))},
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}}  # fmt: skip
    assert server.call("POST", "/v1/campaigns", many)[0] == 200
    assert server.call("POST", "/v1/customers", {"name": "Ann", "email": "ann@example.com"})[0] == 200
    statuses: list[int] = []

    def ask(text: str) -> None:
        statuses.append(server.call("POST", "/v1/distributions/dry-run", body(text), timeout_s=60)[0])

    asking = [threading.Thread(target=ask, args=(text,)) for text in HOSTILE for _ in range(2)]
    for thread in asking:
        thread.start()
    slowest = 0.0
    while any(thread.is_alive() for thread in asking):
        begun = time.monotonic()
        assert server.get("/healthz", timeout_s=PROMPT_S * 4)[0] == 200
        slowest = max(slowest, time.monotonic() - begun)
    for thread in asking:
        thread.join()
    assert slowest < PROMPT_S
    assert set(statuses) <= {200, 400, 503}
    assert 400 in statuses
    answer = server.call("POST", "/v1/distributions/dry-run", body("Hi {{ customer.name }}"))
    assert answer[2]["data"][0]["messages"][0]["message"]["text"] == "Hi Ann"
