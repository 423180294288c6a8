"""Everybody takes codes of one campaign at once: people, a manual and an automatic distribution."""

import asyncio

import pytest

from tests.factories.campaigns import make_campaign
from tests.factories.courier import FakeCourier, run_jobs
from tests.http.test_automatic_distributions import CODES, live, react, track
from tests.http.test_distribution_runs import listed, people, sound
from tests.http.test_distributions import PATH, made

__all__ = ["sound"]


@pytest.mark.row("A118")
async def test_no_code_goes_out_twice(api, pool, project, sound):
    await make_campaign(pool, project, name="c", vouchers_count=60)
    courier = FakeCourier()
    await people(api, *(f"p{n}" for n in range(15)))
    await live(api, **CODES)
    one = await made(api)
    await api.post(f"{PATH}/{one['id']}/send", json={"now": True})

    async def publish(n: int) -> None:
        answer = await api.post("/v1/publications", json={"campaign": "c", "customer": f"q{n}"})
        assert answer.status_code == 200, answer.text

    async def happen() -> None:
        for n in range(15):
            await track(api, f"r{n}")
        await react(pool, courier)

    await asyncio.gather(happen(), run_jobs(pool, courier), *(publish(n) for n in range(15)))
    await react(pool, courier)
    found = await listed(api)
    codes = [one["voucher"]["code"] for one in found]
    assert {one["channel"] for one in found} == {"API", "Automation", "Dashboard"}
    assert len(codes) == len(set(codes))
    mailed = [(mail.text or "").removeprefix("Your code: ") for mail in courier.mails]
    assert len(mailed) == len(set(mailed)) >= 30
    assert set(mailed) < set(codes)
    await sound()
