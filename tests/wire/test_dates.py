from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.store.connection import Pool
from largesse.wire.dates import Date, parse_date, parse_date_time, render
from largesse.wire.faults import Fault


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("2024-02-29T23", "2024-02-29T23:00:00.000Z"),
        ("2024-02-29T23:59", "2024-02-29T23:59:00.000Z"),
        ("2024-02-29T23:59:58", "2024-02-29T23:59:58.000Z"),
        ("2024-02-29T23:59:58Z", "2024-02-29T23:59:58.000Z"),
        ("2024-02-29T23:59:58.7Z", "2024-02-29T23:59:58.700Z"),
        ("2024-02-29T23:59:58.789Z", "2024-02-29T23:59:58.789Z"),
        ("2024-02-29T23:59:58.789999999Z", "2024-02-29T23:59:58.789Z"),
        ("2024-02-29T23:59:58+02:00", "2024-02-29T21:59:58.000Z"),
        ("2024-02-29T23:59:58.5-0130", "2024-03-01T01:29:58.500Z"),
        ("0001-01-02", "0001-01-02T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999Z"),
    ],
)
def test_every_format_of_the_contract_is_a_moment_in_utc(text: str, shown: str) -> None:
    moment = parse_date_time(text)
    assert moment.tzinfo is UTC
    assert render(moment) == shown


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2024-02-30", "2023-02-29", "2024-13-01", "2024-00-01", "2024-01-01T24:00", "2024-01-01T23:60",
        "2024-01-01T23:59:60", "2024-01-01T", "2024-01-01 10:00:00", "24-01-01", "20240101", "2024-W01-1",
        "2024-01-01T00:00:00+25:00", "2024-01-01T00:00:00+2", "0000-01-01", "0001-01-01", "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00", "2024-01-01T00:00:00.Z", "２０２４-01-01", "2024-01-01\n", "2024-01-01T00:00:00z",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_a_fault(text: str) -> None:
    with pytest.raises(Fault, match="cannot be recognized as a ISO-8601 compliant date"):
        parse_date_time(text)


@pytest.mark.parametrize(
    "text", ["12/01/1990", "1990-02-30", "1990-1-1", "19900101", "1990-01-01T00:00", "", "1990-W01-1"]
)
def test_a_date_is_a_day_that_exists(text: str) -> None:
    assert parse_date("1990-01-12") == date(1990, 1, 12)
    with pytest.raises(Fault):
        Date.parse(19900112)
    with pytest.raises(Fault):
        parse_date(text)


EARLIEST = datetime(1, 1, 2)  # noqa: DTZ001  # hypothesis adds the zone


@given(st.datetimes(min_value=EARLIEST, timezones=st.just(UTC)))
def test_what_is_shown_finds_itself(moment: datetime) -> None:
    shown = render(moment)
    assert render(parse_date_time(shown)) == shown
    assert abs(parse_date_time(shown) - moment) < timedelta(milliseconds=1)


def test_other_zones_are_shown_in_utc() -> None:
    assert render(datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "2023-12-31T23:00:00.000Z"


async def test_every_moment_comes_back_from_the_database(pool: Pool) -> None:
    for text in ("0001-01-02", "1582-10-10T10:10:10.010Z", "9999-12-31T23:59:59.999Z"):
        kept = await pool.fetchval("SELECT $1::timestamptz(3)", parse_date_time(text))
        assert render(kept) == render(parse_date_time(text))
