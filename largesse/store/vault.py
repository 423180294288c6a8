"""Seals the headers that webhooks and channels send along: most are keys of others' servers, and a dump of the database
must not show them.

The key is derived from LARGESSE_SECRET_KEY, which every server of the installation knows and the database doesn't.
"""

import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from largesse.store.connection import Connection
from largesse.store.sql import load

_SQL: Final = load("vault")
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_MARK: Final = "sealed:1:"


class OtherSecretKey(Exception):
    """The database belongs to an installation with another LARGESSE_SECRET_KEY."""


class Vault:
    def __init__(self, secret_key: str) -> None:
        self._cipher = AESGCM(_derived(secret_key, b"largesse sealed values v1"))
        self.fingerprint = _derived(secret_key, b"largesse secret key fingerprint v1").hex()

    def seal(self, text: str) -> str:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MARK + b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), None)).decode()

    def open(self, text: str) -> str:
        """What was sealed; what was never sealed is as it is. Raises InvalidTag for what another key sealed."""
        if not text.startswith(_MARK):
            return text
        sealed = b64decode(text.removeprefix(_MARK))
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()

    def seal_all(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.seal(value) for name, value in values.items()}

    def open_all(self, values: Mapping[str, str]) -> dict[str, str]:
        return {name: self.open(value) for name, value in values.items()}


def _derived(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(secret_key.encode())


async def claim_installation(connection: Connection, vault: Vault) -> None:
    """Note the key's fingerprint where there is none yet, and seal what was stored in the clear before.

    In a transaction. Raises OtherSecretKey when another key's fingerprint stands there.
    """
    known = await connection.fetchval(_SQL["lock_fingerprint"])
    if known is None:
        await change_key(connection, vault, vault)
    elif known != vault.fingerprint:
        raise OtherSecretKey


async def servers_connected(connection: Connection) -> int:
    """How many connections servers of this installation have."""
    return int(await connection.fetchval(_SQL["others"]))


async def change_key(connection: Connection, before: Vault, after: Vault) -> int:
    """Seal everything anew and note the new fingerprint; returns how many rows were changed, 0 if it was done before.

    In a transaction, with no server running: it would go on with the old key. Raises OtherSecretKey when `before` isn't
    the key that things are sealed with.
    """
    known = await connection.fetchval(_SQL["lock_fingerprint"])
    if known == after.fingerprint:
        return 0
    if known not in (None, before.fingerprint):
        raise OtherSecretKey

    def again(value: str) -> str:
        return after.seal(before.open(value))

    changed = 0
    for project in await connection.fetch(_SQL["projects"]):
        for row in await connection.fetch(_SQL["webhooks"], project["id"]):
            headers = {name: again(value) for name, value in row["headers"].items()}
            await connection.execute(_SQL["update_webhook"], project["id"], row["id"], headers)
            changed += 1
        for row in await connection.fetch(_SQL["distributions"], project["id"]):
            channels = [_with_headers(channel, again) for channel in row["channels"]]
            await connection.execute(_SQL["update_distribution"], project["id"], row["id"], channels)
            changed += 1
    await connection.execute(_SQL["set_fingerprint"], after.fingerprint)
    return changed


def _with_headers(channel: dict[str, Any], again: Callable[[str], str]) -> dict[str, Any]:
    if not channel.get("headers"):
        return channel
    return channel | {"headers": {name: again(value) for name, value in channel["headers"].items()}}
