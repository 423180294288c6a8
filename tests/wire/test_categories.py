from typing import Any

import pytest

from largesse.domain.categories import DEFAULT_HIERARCHY, Category
from largesse.domain.errors import InvalidPayload
from largesse.wire.categories import HIERARCHY_MAX, NAME_LENGTH_MAX, CategoryInput, render_category
from largesse.wire.parse import convert
from tests.domain.moments import NOON


@pytest.mark.parametrize("hierarchy", [0, DEFAULT_HIERARCHY, HIERARCHY_MAX])
def test_a_category_has_a_name_and_a_place(hierarchy: int) -> None:
    sent = convert({"name": "n" * NAME_LENGTH_MAX, "hierarchy": hierarchy}, CategoryInput)
    assert sent.hierarchy == hierarchy


@pytest.mark.parametrize(
    "sent",
    [{"name": "n"}, {"hierarchy": 1}, {"name": "", "hierarchy": 1}, {"name": "n" * (NAME_LENGTH_MAX + 1), "hierarchy": 1},
     {"name": "n", "hierarchy": -1}, {"name": "n", "hierarchy": HIERARCHY_MAX + 1}, {"name": "n", "hierarchy": 1.5}],
)  # fmt: skip
def test_bounds_are_kept(sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload):
        convert(sent, CategoryInput)


def test_when_it_was_changed_is_left_out_until_it_was() -> None:
    assert "updated_at" not in render_category(Category(id="cat_1", name="n", hierarchy=1, created_at=NOON))
    assert "updated_at" in render_category(
        Category(id="cat_1", name="n", hierarchy=1, created_at=NOON, updated_at=NOON)
    )
