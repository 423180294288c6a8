"""Moments in the files of exports."""

from datetime import UTC, datetime

import pytest

from largesse.domain.exports import OBJECTS
from largesse.store.connection import Pool
from largesse.store.export_columns import COLUMNS, _moment, _recent


@pytest.mark.parametrize("microseconds", [0, 1_000, 120_000, 400_000, 999_000])
async def test_what_our_clock_wrote_looks_like_any_other_moment(pool: Pool, microseconds: int) -> None:
    moment = datetime(2026, 12, 31, 23, 59, 59, microseconds, tzinfo=UTC)
    text = f"SELECT {_moment('t.at')} AS any, {_recent('t.at')} AS recent FROM (SELECT $1::timestamptz(3) AS at) t"
    row = await pool.fetchrow(text, moment)
    assert row is not None
    assert row["recent"] == row["any"] == f"2026-12-31T23:59:59.{microseconds // 1000:03}Z"


@pytest.mark.parametrize("name", list(OBJECTS))
def test_every_field_that_can_be_exported_has_a_column_and_no_other(name: str) -> None:
    assert set(COLUMNS[name]) == set(OBJECTS[name].fields)
