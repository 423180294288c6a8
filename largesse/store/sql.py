"""Named static SQL: `load("customers")` reads customers.sql beside this file.

A statement starts with a line `-- its_name --`; the comment lines below it say what it is for. There is no other
SQL in the program, except the closed lists of sort and filter fragments that a list declares.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


SHARED: Final = "counters"
"""The one statement that others have within them, as `{counters}`: everybody counts in the same words."""


def load(noun: str) -> Mapping[str, str]:
    """Read the statements of `noun`.sql, by name. Raises ValueError when a name stands there twice."""
    shared = f"({_read(SHARED)[SHARED]})"
    return MappingProxyType({name: text.replace("{counters}", shared) for name, text in _read(noun).items()})


def _read(noun: str) -> dict[str, str]:
    text = (files(__package__) / f"{noun}.sql").read_text(encoding="utf-8")
    _, *parts = _HEADING.split(text)
    names, statements = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{noun}.sql names a statement twice")
    return {name: statement.strip() for name, statement in zip(names, statements, strict=True)}
