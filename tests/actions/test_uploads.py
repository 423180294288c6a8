from typing import Any

import pytest

from largesse.actions.uploads import IGNORE, with_columns
from largesse.domain.errors import InvalidPayload
from largesse.wire.tables import Table

TABLE = Table(
    ["Code", "Shop", "Note"],
    [
        {"row": 1, "line": 2, "cells": ["A", "x", "n"]},
        {"row": 2, "line": 3, "cells": ["B"]},
        {"row": 3, "line": 4, "said": ["C", "y"], "fault": "f"},
    ],
)


@pytest.mark.parametrize(
    ("chosen", "columns", "first"),
    [
        ({}, ["Code", "Shop", "Note"], ["A", "x", "n"]),
        ({1: "Category"}, ["Code", "Category", "Note"], ["A", "x", "n"]),
        ({1: IGNORE}, ["Code", "Note"], ["A", "n"]),
        ({0: IGNORE, 1: "Code"}, ["Code", "Note"], ["x", "n"]),
        ({0: "Note", 2: "Code"}, ["Note", "Shop", "Code"], ["A", "x", "n"]),
        ({0: IGNORE, 1: IGNORE, 2: IGNORE}, [], []),
        ({9: "Else"}, ["Code", "Shop", "Note"], ["A", "x", "n"]),
    ],
)
def test_columns_are_what_was_chosen_for_them_and_cells_stay_with_them(
    chosen: dict[int, str], columns: list[str], first: list[str]
) -> None:
    table = with_columns(TABLE, chosen)
    assert (table.columns, table.rows[0]["cells"]) == (columns, first)


def test_a_short_row_stays_short_and_a_faulty_one_keeps_its_fault() -> None:
    _, short, faulty = with_columns(TABLE, {1: IGNORE}).rows
    assert short == {"row": 2, "line": 3, "cells": ["B"]}
    assert faulty == {"row": 3, "line": 4, "said": ["C"], "fault": "f"}


@pytest.mark.parametrize("chosen", [{1: "Code"}, {1: "Category", 2: "Category"}])
def test_two_columns_cannot_become_one(chosen: dict[int, Any]) -> None:
    with pytest.raises(InvalidPayload, match="can't both be C"):
        with_columns(TABLE, chosen)


def test_the_table_itself_is_left_alone() -> None:
    with_columns(TABLE, {0: IGNORE, 1: "Code"})
    assert TABLE.columns == ["Code", "Shop", "Note"]
    assert TABLE.rows[0]["cells"] == ["A", "x", "n"]
