"""Create, change and delete categories; find the one that a request names (docs/semantics/campaign.md)."""

from largesse.actions.scope import Scope
from largesse.domain.categories import Category
from largesse.domain.errors import NotFound
from largesse.store import categories as store


async def create_category(scope: Scope, name: str, hierarchy: int) -> Category:
    """Raises DuplicateFound for a taken name."""
    return await store.create_category(scope.connection, scope.project.id, scope.ids.new("cat_"), name, hierarchy)


async def get_category(scope: Scope, id: str) -> Category:
    category = await store.get_category(scope.connection, scope.project.id, id)
    if category is None:
        raise NotFound.of("category", id)
    return category


async def update_category(scope: Scope, id: str, name: str, hierarchy: int) -> Category:
    """Raises NotFound; DuplicateFound when another category has the name."""
    category = await store.update_category(scope.connection, scope.project.id, id, name, hierarchy)
    if category is None:
        raise NotFound.of("category", id)
    return category


async def delete_category(scope: Scope, id: str) -> None:
    if not await store.delete_category(scope.connection, scope.project.id, id):
        raise NotFound.of("category", id)


async def named_category(scope: Scope, name: str | None, id: str | None) -> str | None:
    """The id of the category that a voucher or campaign names. `id` beats `name`; an unknown name makes a category.

    Raises NotFound for an unknown id.
    """
    if id is not None:
        return (await get_category(scope, id)).id
    if name is None:
        return None
    return (await store.ensure_category(scope.connection, scope.project.id, scope.ids.new("cat_"), name)).id
