"""The bin as JSON."""

from typing import Any

from largesse.domain.trash_bin import BinEntry
from largesse.wire.dates import render


def render_entry(entry: BinEntry) -> dict[str, Any]:
    """`deleted_by_user_id` is null: keys delete, there are no users yet."""
    return {
        "id": entry.id,
        "created_at": render(entry.created_at),
        "deleted_by_user_id": None,
        "resource_id": entry.resource_id,
        "resource_type": entry.resource_type,
        "resource_name": entry.resource_name,
        "resource_parent_id": entry.resource_parent_id,
        "object": entry.resource_type,
    }
