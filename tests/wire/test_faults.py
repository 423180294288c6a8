import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.wire.faults import FAULTS_MAX, Faults, Place, TooManyFaults, path_of, printable, sentence


def place(*steps: str | int) -> Place:
    found: Place = None
    for step in steps:
        found = (found, step)
    return found


@pytest.mark.parametrize(
    ("steps", "path"),
    [((), ""), (("name",), ".name"), (("items", 0, "name"), ".items[0].name"), ((3,), "[3]"), (("a", "0"), ".a.0")],
)
def test_a_place_is_written_as_a_path(steps: tuple[str | int, ...], path: str) -> None:
    assert path_of(place(*steps)) == path


def test_a_fault_of_the_whole_is_one_of_the_payload() -> None:
    assert sentence("", "must be object") == "Payload must be object"
    assert sentence(".a", "must be object") == "Property .a must be object"


@given(st.text(alphabet=st.characters(categories=["L", "N", "Cs", "Cc"])))
def test_any_name_may_stand_in_an_error(name: str) -> None:
    shown = printable(name)
    assert "\x00" not in shown
    assert shown.encode().decode() == shown  # no half characters are left


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=100))
def test_a_short_name_of_whole_characters_is_told_to_the_letter(name: str) -> None:
    assert printable(name) == name


def test_a_name_that_is_no_text_is_told_all_the_same() -> None:
    assert printable("a\ud800\x00b") == "a\\ud800\\u0000b"
    assert len(printable("x" * 10_000)) == 100


def test_faults_are_told_in_the_order_found() -> None:
    faults = Faults()
    assert not faults
    faults.add(place("b"), "must be integer")
    faults.add(None, "must be object")
    assert faults
    assert str(faults) == "Property .b must be integer; Payload must be object"


def test_of_too_many_faults_the_first_are_told_and_that_there_are_more() -> None:
    faults = Faults()
    for index in range(FAULTS_MAX):
        faults.add(place(index), "must be integer")
    with pytest.raises(TooManyFaults):
        faults.add(place(FAULTS_MAX), "must be integer")
    told = str(faults).split("; ")
    assert told[-2:] == [f"Property [{FAULTS_MAX - 1}] must be integer", "and more"]
