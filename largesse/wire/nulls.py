"""What an explicit null means in a body of changes.

It clears a field. Only the official Python client sends nulls that nobody meant: its `from_dict` fills in every
nullable key of a model, while its constructor sends those alone that were given. So an object of that client which
has all the nullable keys is taken to come from `from_dict`, and its nulls to be as good as absent.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct


class Nulls(StrEnum):
    """How the nulls of a request are to be read."""

    ABSENT = "absent"
    CLEAR = "clear"
    CLEAR_UNLESS_ALL_SENT = "clear_unless_all_sent"

    def clear(self, sent: Struct, nullable: Iterable[str]) -> bool:
        """Whether they clear in this object, of whose fields the client knows `nullable` as such."""
        if self == Nulls.CLEAR_UNLESS_ALL_SENT:
            return any(getattr(sent, name) is UNSET for name in nullable)
        return self == Nulls.CLEAR


def changed(sent: Struct, nulls: Nulls, nullable: Iterable[str]) -> dict[str, Any]:
    """The fields that a Struct of changes sets, by name."""
    clear = nulls.clear(sent, nullable)
    fields = {name: getattr(sent, name) for name in sent.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not UNSET and (value is not None or clear)}
