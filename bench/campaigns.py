"""Campaigns to hand out from, and pools that don't end in the middle of a measurement."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from bench.database import project_id, value
from bench.system import System
from largesse.store.counters import SQL

POLL_S: Final = 0.02


class Campaign(msgspec.Struct, frozen=True):
    id: str
    name: str


def make_campaign(system: System, name: str, codes: int = 0) -> Campaign:
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
    body = {"name": name, "type": "STATIC", "voucher": voucher}
    made = called(system, "POST", "/v1/campaigns", body | ({"vouchers_count": codes} if codes else {}))
    campaign = Campaign(made["id"], name)
    _wait(system, campaign)
    return campaign


def fill(system: System, campaign: Campaign, codes: int, meanwhile: Callable[[], object] = lambda: None) -> float:
    """Generate codes through the API. Seconds from the request to DONE; `meanwhile` is called again and again."""
    started = time.perf_counter()
    called(system, "POST", f"/v1/campaigns/{campaign.id}/vouchers?vouchers_count={codes}", {})
    _wait(system, campaign, meanwhile)
    return time.perf_counter() - started


def ensure_free(system: System, campaign: Campaign, codes: int) -> None:
    """Twice as many as asked for when it has to be filled, so that it isn't for every run."""
    if free(system, campaign) < codes:
        fill(system, campaign, 2 * codes)


def free(system: System, campaign: Campaign) -> int:
    found: int = value(system, SQL["free_vouchers"], project_id(system), campaign.id)
    return found


def _wait(system: System, campaign: Campaign, meanwhile: Callable[[], object] = lambda: None) -> None:
    while called(system, "GET", f"/v1/campaigns/{campaign.id}")["vouchers_generation_status"] != "DONE":
        meanwhile()
        time.sleep(POLL_S)


def called(system: System, method: str, path: str, body: Any = None) -> Any:
    status, answer = system.call(method, path, body)
    if status not in {200, 202}:
        raise RuntimeError(f"{method} {path} was answered {status}: {answer}")
    return answer
