"""Events are written in the change's transaction, frozen as it was; delivery is later (docs/semantics/event-log.md)."""

from typing import Any, Protocol

from largesse.domain.projects import Project
from largesse.events.catalogue import EventType
from largesse.store.connection import Connection
from largesse.store.events import append_event, append_events


class Ids(Protocol):
    def new(self, prefix: str) -> str: ...
    def hex_run(self, prefix: str, count: int) -> list[str]: ...


class Work(Protocol):
    """The part of an action's Scope that an event needs; actions are above this room."""

    @property
    def connection(self) -> Connection: ...
    @property
    def project(self) -> Project: ...
    @property
    def ids(self) -> Ids: ...
    @property
    def request_id(self) -> str: ...
    @property
    def actor(self) -> str: ...


async def append(scope: Work, type: EventType, entity_id: str, data: dict[str, Any]) -> None:
    """`data` holds the records as they are now, by kind: `{"voucher": voucher}`. Delivery renders them."""
    await append_event(
        scope.connection, scope.project.id, scope.ids.new("ev_"), type, entity_id, data, scope.request_id, scope.actor
    )


async def append_all(scope: Work, type: EventType, entities: list[tuple[str, dict[str, Any]]]) -> None:
    """The same for many entities in one statement: (id, data) each."""
    if not entities:
        return
    await append_events(
        scope.connection,
        scope.project.id,
        scope.ids.hex_run("ev_", len(entities)),
        type,
        [entity_id for entity_id, _ in entities],
        [data for _, data in entities],
        scope.request_id,
        scope.actor,
    )
