"""Manage the webhooks of a project and its secret (docs/semantics/webhook.md)."""

import secrets
from typing import Final

from largesse.actions.scope import Scope
from largesse.domain.errors import InvalidPayload, NotFound
from largesse.domain.webhooks import SECRET_BYTES, WEBHOOKS_MAX, Webhook, secret_of
from largesse.events.catalogue import MISSPELT, SUBSCRIBABLE, UNBUILT
from largesse.store import deliveries
from largesse.store import webhooks as store
from largesse.store.connection import Connection
from largesse.store.events import start_reader
from largesse.store.vault import Vault
from largesse.store.webhooks import Secret
from largesse.wire.webhooks import WebhookChanges, WebhookInput, without_nulls

RESOURCE_TYPE: Final = "webhook"
READER: Final = "webhooks"
_FOLLOWS: Final = "Property .headers must be sent again, or be {}: target_url has changed"
SWITCHED_OFF: Final = "The webhook was switched off."
EVENTS: Final = {
    **dict.fromkeys(UNBUILT, "must be an event that happens here: nothing brings this one about yet"),
    **dict.fromkeys((*SUBSCRIBABLE, *MISSPELT), ""),
}
"""What can be asked for, and what is wrong with the rest that somebody may know."""


async def create_webhook(scope: Scope, sent: WebhookInput, *, vault: Vault, allow_private: bool) -> Webhook:
    """It is told what is committed from now on. Raises InvalidPayload, also when the project has too many."""
    sent.check(EVENTS, allow_private=allow_private)
    await ensure_secret(scope.connection, scope.project.id)
    webhook = await store.create_webhook(
        scope.connection,
        scope.project.id,
        scope.ids.new("wh_"),
        target_url=sent.target_url,
        events=list(dict.fromkeys(sent.events)),
        headers=vault.seal_all(without_nulls(sent.headers or {})),
        active=sent.active is not False,
    )
    if webhook is None:
        raise InvalidPayload(f"A project can have up to {WEBHOOKS_MAX} webhooks")
    await start_reader(scope.connection, scope.project.id, READER)
    return webhook


async def get_webhook(scope: Scope, id: str) -> Webhook:
    webhook = await store.get_webhook(scope.connection, scope.project.id, id)
    if webhook is None:
        raise NotFound.of(RESOURCE_TYPE, id)
    return webhook


async def update_webhook(scope: Scope, id: str, sent: WebhookChanges, *, vault: Vault, allow_private: bool) -> Webhook:
    """What it was still to be told is parked when it is switched off. Raises NotFound, InvalidPayload."""
    sent.check(EVENTS, allow_private=allow_private)
    headers = await _changed_headers(scope, id, sent, vault)
    webhook = await store.update_webhook(
        scope.connection,
        scope.project.id,
        id,
        target_url=sent.target_url,
        events=None if sent.events is None else list(dict.fromkeys(sent.events)),
        headers=headers,
        active=sent.active,
    )
    if webhook is None:
        await get_webhook(scope, id)
        raise InvalidPayload(_FOLLOWS)
    if sent.active is False:
        await deliveries.park_deliveries(scope.connection, scope.project.id, id, SWITCHED_OFF)
    return webhook


async def _changed_headers(scope: Scope, id: str, sent: WebhookChanges, vault: Vault) -> dict[str, str] | None:
    """Sealed; a null keeps the value that answers don't show, unless that would follow to another address."""
    if sent.headers is None:
        return None
    if None not in sent.headers.values():
        return vault.seal_all(without_nulls(sent.headers))
    before = await store.lock_webhook(scope.connection, scope.project.id, id)
    if before is None:
        raise NotFound.of(RESOURCE_TYPE, id)
    if sent.target_url not in (None, before.target_url):
        raise InvalidPayload(_FOLLOWS)
    given = vault.seal_all(without_nulls(sent.headers))
    return {name: value for name, value in before.headers.items() if name in sent.headers} | given


async def delete_webhook(scope: Scope, id: str) -> None:
    """Nothing more is sent; its deliveries are cleared away in the background. Raises NotFound."""
    if not await store.delete_webhook(scope.connection, scope.project.id, id):
        raise NotFound.of(RESOURCE_TYPE, id)
    await deliveries.park_deliveries(scope.connection, scope.project.id, id, SWITCHED_OFF)
    await deliveries.drop_turn(scope.connection, deliveries.Turn(scope.project.id, id))


async def ensure_secret(connection: Connection, project_id: int) -> Secret:
    """What the project's receivers know us by; made when it is first needed."""
    known = await store.get_secret(connection, project_id)
    return known or await store.ensure_secret(connection, project_id, _new_secret())


async def rotate_secret(scope: Scope) -> Secret:
    """The one before signs along for a day, so that receivers can follow."""
    await ensure_secret(scope.connection, scope.project.id)
    return await store.rotate_secret(scope.connection, scope.project.id, _new_secret())


def _new_secret() -> str:
    return secret_of(secrets.token_bytes(SECRET_BYTES))
