import operator
from functools import reduce
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.customers import SOURCE_ID_LENGTH_MAX, Profile, check_source_id, merged
from largesse.domain.errors import InvalidPayload, NotFound

FIELDS = ("name", "email", "address", "metadata")
OBJECTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=3)
PROFILES = st.builds(
    lambda cleared, **said: Profile(
        **{name: value for name, value in said.items() if name not in cleared}, cleared=cleared
    ),
    cleared=st.frozensets(st.sampled_from(FIELDS)),
    name=st.none() | st.sampled_from("xy"),
    email=st.none() | st.sampled_from("xy"),
    address=st.none() | OBJECTS,
    metadata=st.none() | OBJECTS,
)


def written(profiles: list[Profile]) -> dict[str, Any]:
    """What a customer of whom nothing was known is like after all of them, field by field."""
    customer: dict[str, Any] = {}
    for profile in profiles:
        for name in FIELDS:
            if name in profile.cleared:
                customer.pop(name, None)
            if (value := getattr(profile, name)) is None:
                continue
            before = customer.get(name)
            customer[name] = before | value if isinstance(value, dict) and before is not None else value
    return customer


@given(st.lists(PROFILES, min_size=1, max_size=4))
def test_profiles_merged_say_what_they_say_one_after_the_other(profiles: list[Profile]) -> None:
    assert written([reduce(merged, profiles)]) == written(profiles)


@given(PROFILES, PROFILES)
def test_what_was_to_become_unset_stays_so(first: Profile, then: Profile) -> None:
    assert merged(first, then).cleared == operator.or_(first.cleared, then.cleared)


@given(PROFILES)
def test_a_profile_that_says_nothing_changes_nothing(profile: Profile) -> None:
    assert merged(profile, Profile()) == profile
    assert merged(Profile(), profile) == profile


@pytest.mark.parametrize("name", ["address", "metadata"])
def test_an_object_is_merged_by_key_and_starts_anew_once_cleared(name: str) -> None:
    first = msgspec.structs.replace(Profile(), **{name: {"a": 1, "b": 2}})
    then = msgspec.structs.replace(Profile(), **{name: {"b": 3}})
    assert getattr(merged(first, then), name) == {"a": 1, "b": 3}
    assert getattr(merged(first, msgspec.structs.replace(then, cleared=frozenset({name}))), name) == {"b": 3}


def test_nothing_of_the_first_object_is_changed() -> None:
    first = Profile(metadata={"a": 1})
    merged(first, Profile(metadata={"a": 2}))
    assert first.metadata == {"a": 1}


@pytest.mark.parametrize("source_id", ["x", " x ", "customer_1", "CUST_1", "x" * SOURCE_ID_LENGTH_MAX, "ü", "-"])
def test_a_source_id_is_kept_as_it_came(source_id: str) -> None:
    assert check_source_id(source_id) == source_id


@pytest.mark.parametrize("source_id", ["", " ", "\t\n", "x" * (SOURCE_ID_LENGTH_MAX + 1)])
def test_a_blank_or_too_long_source_id_is_refused(source_id: str) -> None:
    with pytest.raises(InvalidPayload, match="1 to 255"):
        check_source_id(source_id)


@pytest.mark.parametrize("source_id", ["cust_", "cust_4Xb2"])
def test_an_id_of_ours_names_a_customer_that_is_not_there(source_id: str) -> None:
    with pytest.raises(NotFound) as raised:
        check_source_id(source_id)
    assert (raised.value.resource_type, raised.value.resource_id) == ("customer", source_id)
