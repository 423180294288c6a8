"""Categories in the database."""

from typing import Final

import asyncpg

from largesse.domain.categories import DEFAULT_HIERARCHY, Category
from largesse.domain.errors import DuplicateFound
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL: Final = load("categories")
LIST_MAX: Final = 1_000
"""Categories of a project that a list shows; the contract doesn't page it."""


def _duplicate(name: str) -> DuplicateFound:
    return DuplicateFound(f"Duplicated category exists with name {name}", resource_id=name, resource_type="category")


async def create_category(connection: Connection, project_id: int, id: str, name: str, hierarchy: int) -> Category:
    """Raises DuplicateFound when the name is taken."""
    try:
        row = await connection.fetchrow(SQL["create_category"], project_id, id, name, hierarchy)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "categories_name":
            raise _duplicate(name) from None
        raise
    assert row is not None
    return Category(**row)


async def ensure_category(connection: Connection, project_id: int, id: str, name: str) -> Category:
    """The category of that name; `id` is for the one that is made when there is none."""
    while True:
        row = await connection.fetchrow(SQL["ensure_category"], project_id, id, name, DEFAULT_HIERARCHY)
        if row is not None:  # else: made by somebody else after this statement's snapshot; the next one sees it
            return Category(**row)


async def get_category(connection: Connection, project_id: int, id: str) -> Category | None:
    row = await connection.fetchrow(SQL["get_category"], project_id, id)
    return None if row is None else Category(**row)


async def update_category(
    connection: Connection, project_id: int, id: str, name: str, hierarchy: int
) -> Category | None:
    """None when there is no such category. Raises DuplicateFound when another one has the name."""
    try:
        row = await connection.fetchrow(SQL["update_category"], project_id, id, name, hierarchy)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "categories_name":
            raise _duplicate(name) from None
        raise
    return None if row is None else Category(**row)


async def delete_category(connection: Connection, project_id: int, id: str) -> bool:
    return await connection.fetchval(SQL["delete_category"], project_id, id) is not None


async def list_categories(connection: Connection, project_id: int) -> tuple[list[Category], bool]:
    """The newest LIST_MAX, and whether there are more."""
    rows = await connection.fetch(SQL["list_categories"], project_id, LIST_MAX + 1)
    return [Category(**row) for row in rows[:LIST_MAX]], len(rows) > LIST_MAX


async def find_categories(connection: Connection, project_id: int, words: list[str]) -> dict[str, str]:
    """Word to the id of the category that it means, by id or name; those that mean none aren't there."""
    found = await connection.fetch(SQL["find_categories"], project_id, words)
    return {row["name"]: row["id"] for row in found} | {row["id"]: row["id"] for row in found}


async def ensure_categories(connection: Connection, project_id: int, named: list[tuple[str, str]]) -> None:
    """`named`: an id for a new one, and the name."""
    ids, names = [new_id for new_id, _ in named], [name for _, name in named]
    await connection.execute(SQL["ensure_categories"], project_id, ids, names, DEFAULT_HIERARCHY)
