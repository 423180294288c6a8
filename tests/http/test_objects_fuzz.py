"""No body of any shape gives a 5xx on an operation that takes one, nor breaks a counter."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from largesse.domain.projects import Project
from largesse.store.connection import Pool
from largesse.wire.campaigns import CampaignChanges, CampaignInput, CampaignVoucherInput
from largesse.wire.categories import CategoryInput
from largesse.wire.customers import AddressInput, CustomerInput
from largesse.wire.discounts import AmountDiscount, UnitDiscount
from largesse.wire.vouchers import CodeConfigInput, HoursInput, VoucherChanges, VoucherInput, WindowInput
from tests.actions.conftest import assert_counters_are_exact

WORDS = [
    "AMOUNT", "PERCENT", "FIXED", "UNIT", "APPLY_TO_ORDER", "DISCOUNT_VOUCHER", "GIFT_VOUCHER", "LOYALTY_CARD",
    "STATIC", "AUTO_UPDATE", "STANDALONE", "GIFT_VOUCHERS", "P1D", "PT1H", "P1000Y", "2026-01-01", "9999-12-31",
    "0001-01-01", "12:00", "13:30", "Spring", "CODE", "crm-1", "a#b##", "%s", "{}", "\u00e9", "\U0001f600", "\ud800",
    "\x00",
]  # fmt: skip
LEAF = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 7, -1, 2**31, 2**63, 10**15, 10**30, 0.5, 1e308, 1e-9])
    | st.sampled_from(WORDS)
    | st.text(max_size=20)
)
NESTED = {
    "discount": (AmountDiscount, UnitDiscount),
    "address": (AddressInput,),
    "voucher": (CampaignVoucherInput,),
    "code_config": (CodeConfigInput,),
    "validity_hours": (HoursInput,),
    "daily": (WindowInput,),
}
NAMES = sorted(
    {
        name
        for struct in (
            CampaignInput, CampaignChanges, CampaignVoucherInput, CategoryInput, AddressInput, CustomerInput,
            AmountDiscount, UnitDiscount, CodeConfigInput, HoursInput, VoucherChanges, VoucherInput, WindowInput,
        )
        for name in struct.__struct_fields__
    }
    | {"type", "quantity", "amount", "points", "interval", "duration", "percent_off"}
)  # fmt: skip

TEN_PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
BASES: dict[type[msgspec.Struct], dict[str, Any]] = {
    VoucherInput: TEN_PERCENT,
    CampaignInput: {"name": "Any", "voucher": TEN_PERCENT},
    CategoryInput: {"name": "Any", "hierarchy": 1},
}


def bodies(struct: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Objects whose fields have the right names and any value, often one of the right kind."""
    inner = st.recursive(
        LEAF, lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.sampled_from(NAMES), deeper, max_size=4)
    )
    fields = dict.fromkeys(struct.__struct_fields__, inner)
    fields |= {
        name: inner
        | st.fixed_dictionaries({}, optional={part: inner for kind in kinds for part in kind.__struct_fields__})
        for name, kinds in NESTED.items()
        if name in fields
    }
    few = st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True)
    override = few.flatmap(lambda names: st.fixed_dictionaries({name: fields[name] for name in names}))
    # Mostly a body that is right but for a few fields, or everything would be refused at the first of them.
    nearly = override.map(lambda changes: BASES.get(struct, {}) | changes)
    return nearly | nearly | nearly | st.fixed_dictionaries({}, optional=fields) | inner


OPERATIONS: list[tuple[str, str, type[msgspec.Struct]]] = [
    ("POST", "/v1/customers", CustomerInput),
    ("PUT", "/v1/customers/crm-1", CustomerInput),
    ("POST", "/v1/categories", CategoryInput),
    ("POST", "/v1/vouchers", VoucherInput),
    ("PUT", "/v1/vouchers/CODE", VoucherChanges),
    ("POST", "/v1/campaigns", CampaignInput),
    ("PUT", "/v1/campaigns/Spring", CampaignChanges),
    ("POST", "/v1/campaigns/Spring/vouchers", VoucherInput),
    ("POST", "/v1/campaigns/Spring/vouchers?vouchers_count=2", VoucherInput),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("method", "path", "struct"), OPERATIONS)
async def test_no_body_breaks_an_operation(
    api: httpx.AsyncClient,
    pool: Pool,
    project: Project,
    method: str,
    path: str,
    struct: type[msgspec.Struct],
    run_examples: Callable[..., Any],
) -> None:
    await api.post("/v1/customers", json={"source_id": "crm-1"})
    await api.post("/v1/vouchers/CODE", json=TEN_PERCENT)
    await api.post("/v1/campaigns", json={"name": "Spring", "voucher": TEN_PERCENT})
    seen: set[int] = set()

    async def example(body: Any) -> None:
        text = msgspec.json.encode(body, enc_hook=str) if _encodable(body) else _plain(body)
        answer = await api.request(method, path, content=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in {200, 202, 400, 404, 409, 501}, (answer.status_code, body, answer.text)
        seen.add(answer.status_code)

    await run_examples(bodies(struct), example)
    print(method, path, sorted(seen))
    await assert_counters_are_exact(pool, project)


def _encodable(body: Any) -> bool:
    try:
        msgspec.json.encode(body)
    except (UnicodeEncodeError, OverflowError, ValueError):
        return False
    return True


def _plain(body: Any) -> bytes:
    import json

    return json.dumps(body).encode()


@pytest.fixture
def run_examples() -> Callable[..., Any]:
    """Hypothesis drives a synchronous function; the examples are collected there and awaited here."""

    async def run(strategy: st.SearchStrategy[Any], example: Callable[[Any], Any]) -> None:
        collected: list[Any] = []

        @settings(max_examples=150, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @given(strategy)
        def collect(body: Any) -> None:
            collected.append(body)

        collect()
        for body in collected:
            await example(body)

    return run
