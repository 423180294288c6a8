"""Ids: their shape, and that their order is the order of making."""

import re

from hypothesis import given
from hypothesis import strategies as st

from largesse.actions.ids import IdSource
from largesse.domain import ids


@given(st.integers(min_value=0, max_value=2**160), st.integers(min_value=1, max_value=32))
def test_base62_is_positional_and_cut_to_its_digits(number: int, digits: int) -> None:
    text = ids.base62(number, digits)
    assert len(text) == digits
    value = 0
    for character in text:
        value = value * 62 + ids.BASE62.index(character)
    assert value == number % 62**digits


def test_ids_have_the_shapes_of_the_contract() -> None:
    source = IdSource()
    for prefix, length in ids.ALPHANUMERIC_LENGTHS.items():
        assert re.fullmatch(rf"{prefix}[0-9A-Za-z]{{{length}}}", source.new(prefix))
    for prefix in ids.HEX_PREFIXES:
        assert re.fullmatch(rf"{prefix}[0-9a-f]{{18}}", source.new(prefix))


def test_ids_of_one_source_increase_even_when_the_clock_goes_back() -> None:
    moments = iter([1_700_000_000_000 + step for step in (0, 0, 5, 3, 1, 6, 6)] * 300)
    source = IdSource(lambda: next(moments))
    for prefix in ("pub_", "cust_", "val_", "rh_"):
        made = [source.new(prefix) for _ in range(500)]
        assert made == sorted(set(made))


def test_hex_ids_increase_across_the_end_of_the_counter() -> None:
    source = IdSource(lambda: 1_700_000_000_000)
    count = ids.HEX_COUNTER_MAX // 3
    ends = []
    for _ in range(7):
        millis, start = source.reserve_hex(count)
        ends += [ids.hex_id("rh_", millis, start), ids.hex_id("rh_", millis, start + count - 1)]
    assert ends == sorted(set(ends))
