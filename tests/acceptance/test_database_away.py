"""While PostgreSQL is dead, or doesn't answer, every route says 503 with Retry-After; afterwards all is as before."""

import os
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from largesse.auth.lookups import TTL_S
from largesse.http.routes import all_routes
from tests.acceptance.server import Server, data_folder, descendants, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ANSWER_S = 20  # how long a caller may have to wait for the 503
# These answer without a database, or refuse what this sweep sends (no form, no file, no client-side key) before asking it.
NO_DATABASE = {
    "/healthz",
    "/metrics",
    "/client/v1/publish",
    "/v1/publications/create",
    "/v1/assets/qr/{asset_id}",
    "/v1/assets/barcode/{asset_id}",
    "/unsubscribe/{token}",
    "/v1/oauth/token",
    "/v1/oauth/introspect",
    "/v1/oauth/token/revoke",
    "/v1/campaigns/{campaign_id}/importCSV",
    "/v1/vouchers/importCSV",
    "/v1/customers/importCSV",
}
DISCOUNT = {"type": "PERCENT", "percent_off": 10}
# What is needed to get past the checks of a body.
BODIES: dict[str, Any] = {
    "/v1/publications": {"voucher": "x", "customer": "x"},
    "/v1/vouchers/publish": {"voucher": "x", "customer": "x"},
    "/v1/customers": {"source_id": "x"},
    "/v1/categories": {"name": "x", "hierarchy": 1},
    "/v1/categories/{category_id}": {"name": "x", "hierarchy": 1},
    "/v1/campaigns": {
        "name": "x",
        "campaign_type": "DISCOUNT_COUPONS",
        "vouchers_count": 1,
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": DISCOUNT},
    },
    "/v1/vouchers": {"type": "DISCOUNT_VOUCHER", "discount": DISCOUNT},
    "/v1/vouchers/{code}": {"type": "DISCOUNT_VOUCHER", "discount": DISCOUNT},
    "/v1/vouchers/{code}/balance": {"amount": 1},
    "/v1/vouchers/import": [{"code": "x", "type": "DISCOUNT_VOUCHER", "discount": DISCOUNT}],
    "/v1/vouchers/bulk/async": [{"code": "x", "metadata": {}}],
    "/v1/vouchers/metadata/async": {"codes": ["x"], "metadata": {}},
    "/v1/campaigns/{campaign_id}/import": [{"code": "x"}],
    "/v1/customers/bulk/async": [{"source_id": "x"}],
    "/v1/customers/metadata/async": {"source_ids": ["x"], "metadata": {}},
    "/v1/segments": {"name": "x", "type": "static", "customers": ["x"]},
    "/v1/campaigns/{campaign_id}/runway": {"alert_below_days": 1},
    "/v1/referrals/members/{member_id}/holders": {"holders": [{"source_id": "x"}]},
    "/v1/referrals/{campaign_id}/members/{member_id}/holders": {"holders": [{"source_id": "x"}]},
    "/v1/exports": {"exported_object": "customer"},
    "/v1/suppressions": {"channel": "sms", "target": "x"},
    "/v1/events": {"event": "x", "customer": {"source_id": "x"}},
    "/v1/validation-rules/{validation_rule_id}/assignments": {"related_object_id": "x"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with data_folder() as folder, serving(folder, "--processes", "1") as server:
        yield server


def operations() -> list[tuple[str, str, Any]]:
    found = []
    for route in all_routes():
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if route.path not in NO_DATABASE and not route.path.startswith("/management/"):  # another kind of key
                body = BODIES.get(route.path, {"name": "x"}) if method in ("POST", "PUT") else None
                found.append((method, re.sub(r"\{\w+\}", "x", route.path), body))
    return found


def sweep(server: Server) -> dict[str, tuple[int, str | None]]:
    """Every operation's status and Retry-After, asked at once, so that they also compete for connections."""

    def ask(operation: tuple[str, str, Any]) -> tuple[int, str | None]:
        status, headers, _ = server.call(*operation, timeout_s=ANSWER_S)
        return status, headers.get("retry-after")

    asked = operations()
    with ThreadPoolExecutor(len(asked)) as threads:
        answers = list(threads.map(ask, asked))
    return {f"{method} {path}": answer for (method, path, _), answer in zip(asked, answers, strict=True)}


def assert_all_unavailable(answers: dict[str, tuple[int, str | None]]) -> None:
    wrong = {name: answer for name, answer in answers.items() if answer[0] != 503 or int(answer[1] or 0) < 1}
    assert wrong == {}
    assert len(answers) > 30


def assert_well(server: Server) -> None:
    assert wait_until(server.is_ready, 15)
    assert max(status for status, _ in sweep(server).values()) < 500


def test_every_route_says_503_while_postgres_is_dead_and_it_comes_back_by_itself(server: Server) -> None:
    assert_well(server)
    database = server.data / "postgres"
    hidden = server.data / "hidden"
    database.rename(hidden)  # so that it can't be started again
    os.kill(server.postgres_pid(), signal.SIGKILL)
    assert wait_until(lambda: not server.is_ready(), 5)
    try:
        assert_all_unavailable(sweep(server))
        time.sleep(TTL_S)  # the key was known to be good until now
        assert_all_unavailable(sweep(server))
    finally:
        hidden.rename(database)
    assert_well(server)


def test_every_route_says_503_while_postgres_hangs_and_it_comes_back_by_itself(server: Server) -> None:
    assert_well(server)
    postmaster = server.postgres_pid()
    family = [postmaster, *descendants(postmaster)]
    for pid in family:
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert_all_unavailable(sweep(server))
        print(f"all answered after {time.monotonic() - began:.1f} s")
        assert server.get("/healthz")[0] == 200
    finally:
        for pid in family:
            os.kill(pid, signal.SIGCONT)
    assert_well(server)
