"""What a form makes of what was typed."""

import pytest

from largesse.dashboard.forms import Form


@pytest.mark.parametrize("typed", ["Big  Sale", "Big Sale", " Big Sale "])
def test_a_name_is_confirmed_as_a_page_shows_it(typed: str) -> None:
    form = Form.of(name=typed)
    assert form.confirms("Big  Sale")
    assert not form.is_refused


@pytest.mark.parametrize("typed", ["", "big sale", "BigSale", "Big Sale!"])
def test_another_name_confirms_nothing(typed: str) -> None:
    form = Form.of(name=typed)
    assert not form.confirms("Big  Sale")
    assert form.errors["name"] == "Type it as it is written: Big  Sale"
