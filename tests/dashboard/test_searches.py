"""Vouchers and customers are found by any part of what people know of them, the newest first."""

import re

import httpx
import pytest

from largesse.dashboard import vouchers
from largesse.store import searches
from tests.dashboard.conftest import Person, shown

CODES = ("SUN-1", "MOON-1", "SUN-2", "100%_OFF", "SUN-3")
PEOPLE = (
    {"source_id": "a-1", "name": "Ada Lovelace", "email": "ada@example.com"},
    {"source_id": "b-2", "name": "Bob Builder", "email": "bob@Lovely.example"},
    {"source_id": "LOVE-3", "name": "Cyd"},
    {"source_id": "d_4"},
    {"source_id": "e-5", "name": "Élodie Müller"},
    {"source_id": "f-6", "name": "ИВАНОВ Пётр"},
)


@pytest.fixture
async def sold(api: httpx.AsyncClient) -> None:
    """Five codes, two of them of a campaign, and six people."""
    discount = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
    assert (await api.post("/v1/campaigns", json={"name": "Sky", "voucher": discount})).status_code == 200
    for code in CODES:
        path = f"/v1/campaigns/Sky/vouchers/{code}" if code.endswith("-1") else f"/v1/vouchers/{code}"
        made = await api.post(path.replace("%", "%25"), json={} if "campaigns" in path else discount)
        assert made.status_code == 200, made.text
    for person in PEOPLE:
        assert (await api.post("/v1/customers", json=person)).status_code == 200


def codes_in(answer: httpx.Response) -> list[str]:
    return re.findall(r"<code>([^<]+)</code>", answer.text.partition("<tbody>")[2].partition("</tbody>")[0])


@pytest.mark.parametrize(
    ("part", "codes"),
    [
        ("UN-", ["SUN-3", "SUN-2", "SUN-1"]),
        ("-1", ["MOON-1", "SUN-1"]),
        ("%", ["100%_OFF"]),
        ("_", ["100%_OFF"]),
        ("\\", []),
        ("nothing", []),
    ],
)
@pytest.mark.parametrize("counted_to", [10, 1], ids=["few", "more than are counted"])
async def test_codes_by_a_part(
    dashboard: Person, sold: None, monkeypatch: pytest.MonkeyPatch, part: str, codes: list[str], counted_to: int
) -> None:
    for module in (vouchers, searches):
        monkeypatch.setattr(module, "COUNTED_TO", counted_to)
    answer = await dashboard.get("/vouchers", q=part)
    assert answer.status_code == 200
    assert codes_in(answer) == codes
    total = "of more than 1" if len(codes) > counted_to else f"of {len(codes)}"
    assert not codes or f"1–{len(codes)} {total}" in shown(answer)


async def test_codes_of_a_campaign_by_a_part(dashboard: Person, sold: None) -> None:
    campaign = re.findall(r"/campaigns/(camp_\w+)", (await dashboard.get("/campaigns")).text)[0]
    answer = await dashboard.get("/vouchers", q="SUN", campaign_id=campaign)
    assert codes_in(answer) == ["SUN-1"]
    assert "1–1 of 1" in shown(answer)


@pytest.mark.parametrize(
    ("part", "people"),
    [
        ("love", ["LOVE-3", "b-2", "a-1"]),
        ("LOVELACE", ["a-1"]),
        ("@example.COM", ["a-1"]),
        ("d_4", ["d_4"]),
        ("d%4", []),
        ("élodie", ["e-5"]),
        ("ÉLODIE", ["e-5"]),
        ("MÜLLER", ["e-5"]),
        ("иванов", ["f-6"]),
        ("пётр", ["f-6"]),
        ("öl", []),
    ],
)
async def test_people_by_a_part_whatever_the_case(dashboard: Person, sold: None, part: str, people: list[str]) -> None:
    answer = await dashboard.get("/customers", q=part)
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    found = [one["source_id"] for one in PEOPLE if re.search(rf"\b{one['source_id']}\b", table)]
    assert sorted(found) == sorted(people)
    assert not people or f"1–{len(people)} of {len(people)}" in shown(answer)
