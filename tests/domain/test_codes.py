"""Random codes: shape, evenness, capacity. Entropy is given, so that every case can be repeated."""

import random
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.codes import (
    ALPHANUMERIC,
    Entropy,
    capacity,
    check_capacity,
    check_code,
    code_config,
    codes_at,
    fold,
    new_codes,
    pick_keys,
    shape,
)
from largesse.domain.errors import InvalidCodeConfig, InvalidVoucher


def entropy(seed: int = 1) -> Entropy:
    return random.Random(seed).randbytes


CHARACTER = st.characters(min_codepoint=33, max_codepoint=0x17F).filter(str.isprintable)
LITERAL = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=5)


@given(
    charset=st.text(CHARACTER, min_size=1, max_size=70),
    pieces=st.lists(LITERAL, min_size=2, max_size=6),
    prefix=LITERAL,
    postfix=LITERAL,
    seed=st.integers(0, 2**32),
)
def test_codes_have_the_pattern_and_only_characters_of_the_charset(
    charset: str, pieces: list[str], prefix: str, postfix: str, seed: int
) -> None:
    config = code_config(charset=charset, pattern="#".join(pieces), prefix=prefix, postfix=postfix)
    codes = new_codes(config, 20, entropy(seed))
    assert len(codes) == 20
    any_of = "[" + re.escape(charset) + "]"
    whole = re.compile(
        re.escape(prefix) + any_of.join(re.escape(piece) for piece in pieces) + re.escape(postfix), re.DOTALL
    )
    assert all(whole.fullmatch(code) for code in codes)
    assert all(re.search(shape(config), code) for code in codes)


@given(charset=st.text(st.sampled_from(ALPHANUMERIC), min_size=1, max_size=80), length=st.integers(1, 4))
def test_capacity_is_what_the_charset_really_gives(charset: str, length: int) -> None:
    config = code_config(charset=charset, length=length)
    assert capacity(config) == len(set(charset)) ** length
    assert capacity(config, case_sensitive=False) == len(set(fold(charset))) ** length


@pytest.mark.parametrize("case_sensitive", [True, False])
def test_a_walk_meets_every_code_once(case_sensitive: bool) -> None:
    config = code_config(charset="aAbC1a", pattern="#-%#", prefix="5%#")
    room = capacity(config, case_sensitive=case_sensitive)
    codes = codes_at(config, room - 3, room, case_sensitive=case_sensitive)
    keys = codes if case_sensitive else [fold(code) for code in codes]
    assert len(set(keys)) == room
    assert all(re.search(shape(config, case_sensitive=case_sensitive), key) for key in keys)


def test_every_character_is_equally_likely() -> None:
    # 62 doesn't divide 256: taking the remainder alone would make the first 8 characters 25 % likelier.
    letters = Counter("".join(new_codes(code_config(length=100), 3_000, entropy())))
    expected = 300_000 / 62
    assert set(letters) == set(ALPHANUMERIC)
    assert all(abs(count - expected) < 0.06 * expected for count in letters.values())


def test_a_character_given_twice_is_not_likelier() -> None:
    letters = Counter("".join(new_codes(code_config(charset="AAB", length=100), 200, entropy())))
    assert abs(letters["A"] - letters["B"]) < 1_000


def test_the_default_is_eight_alphanumeric_characters() -> None:
    assert code_config().as_sent() == {"length": 8, "charset": ALPHANUMERIC, "pattern": "########"}


def test_a_pattern_beats_the_length_and_is_echoed() -> None:
    config = code_config(length=3, pattern="10OFF-#######", prefix="A-")
    assert config.as_sent() == {"length": 7, "charset": ALPHANUMERIC, "pattern": "10OFF-#######", "prefix": "A-"}


@pytest.mark.parametrize(
    "recipe",
    [
        {"length": 0},
        {"length": 101},
        {"charset": ""},
        {"charset": "a\n"},
        {"pattern": "#" * 101},
        {"prefix": "x" * 250},
    ],
)
def test_recipes_out_of_bounds_are_refused(recipe: dict[str, object]) -> None:
    with pytest.raises(InvalidCodeConfig):
        code_config(**recipe)  # type: ignore[arg-type]  # one recipe per row


def test_a_space_that_is_too_small_is_refused_and_the_shortage_named() -> None:
    config = code_config(charset="01", length=3)
    check_capacity(config, 8, 0)
    with pytest.raises(InvalidCodeConfig, match="allows 8 codes, 2 of them are taken: 7 more don't fit"):
        check_capacity(config, 7, 2)


def test_folding_halves_a_space_of_both_cases() -> None:
    config = code_config(charset="aA", length=1)
    check_capacity(config, 2, 0)
    with pytest.raises(InvalidCodeConfig):
        check_capacity(config, 2, 0, case_sensitive=False)


def test_a_pattern_without_random_characters_makes_one_code() -> None:
    config = code_config(pattern="SUMMER")
    assert new_codes(config, 1, entropy()) == ["SUMMER"]
    check_capacity(config, 1, 0)
    with pytest.raises(InvalidCodeConfig, match="must contain #"):
        check_capacity(config, 2, 0)


@pytest.mark.parametrize("code", ["", "x" * 256, "a\nb", " a", "a\u202eb"])
def test_codes_that_nobody_could_type_are_refused(code: str) -> None:
    with pytest.raises(InvalidVoucher):
        check_code(code)


@pytest.mark.parametrize("code", ["a", "x" * 255, "Test - FB - Vouchers - 9", "a/b%c#ü"])
def test_codes_of_all_printable_characters_are_accepted(code: str) -> None:
    assert check_code(code) == code


def test_pick_keys_are_63_bits() -> None:
    keys = pick_keys(1_000, entropy())
    assert all(0 <= key < 2**63 for key in keys)
    assert max(keys) > 2**62


@pytest.mark.parametrize(
    "recipe", [{"charset": " a"}, {"prefix": "  x"}, {"postfix": " "}, {"pattern": "."}, {"pattern": ".."}]
)
def test_a_recipe_for_codes_that_nobody_could_type_or_reach_is_refused(recipe: dict[str, Any]) -> None:
    with pytest.raises(InvalidCodeConfig):
        code_config(**recipe)
