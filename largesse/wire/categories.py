"""Categories as JSON."""

from typing import Annotated, Any, Final

import msgspec

from largesse.domain.categories import Category
from largesse.wire.dates import render

NAME_LENGTH_MAX: Final = 255
HIERARCHY_MAX: Final = 2**31 - 1

CategoryName = Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX)]


class CategoryInput(msgspec.Struct, frozen=True, kw_only=True):
    """Both are required, on update too."""

    name: CategoryName
    hierarchy: Annotated[int, msgspec.Meta(ge=0, le=HIERARCHY_MAX)]


def render_category(category: Category) -> dict[str, Any]:
    """`updated_at` is left out until the category was changed."""
    out: dict[str, Any] = {
        "id": category.id,
        "name": category.name,
        "hierarchy": category.hierarchy,
        "created_at": render(category.created_at),
    }
    if category.updated_at is not None:
        out["updated_at"] = render(category.updated_at)
    out["object"] = "category"
    return out
