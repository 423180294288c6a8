"""Categories as JSON (spec vouchers-and-campaigns §10)."""

from typing import Any

from largesse.domain.categories import Category
from largesse.wire.dates import render


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
