import pytest

from largesse.domain.activity import ACTION, CATEGORIES, EFFECT, NAMES_PREFIX, wanted_types


def test_without_a_wish_everything_is_wanted() -> None:
    assert wanted_types(None, None) == list(CATEGORIES)


@pytest.mark.parametrize("name", list(CATEGORIES))
def test_a_type_is_wanted_alone_and_only_in_its_own_category(name: str) -> None:
    other = EFFECT if CATEGORIES[name] == ACTION else ACTION
    assert wanted_types(name, None) == [name]
    assert wanted_types(name, CATEGORIES[name]) == [name]
    assert wanted_types(name, other) == []


def test_the_categories_share_all_types_between_them() -> None:
    actions, effects = wanted_types(None, ACTION), wanted_types(None, EFFECT)
    assert {*actions} & {*effects} == set()
    assert {*actions, *effects} == {*CATEGORIES}
    assert "customer.created" in actions
    assert "customer.referred" in effects


@pytest.mark.parametrize("name", ["customer.rewarded", "voucher.created", "", "CUSTOMER.CREATED"])
def test_a_type_that_nothing_brings_about_finds_nothing(name: str) -> None:
    assert wanted_types(name, None) == []


def test_an_unknown_category_finds_nothing() -> None:
    assert wanted_types(None, "action") == []


def test_every_type_is_about_a_customer() -> None:
    assert all(name.startswith(NAMES_PREFIX) for name in CATEGORIES)
