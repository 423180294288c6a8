"""`largesse secret-key rotate`: another LARGESSE_SECRET_KEY for an installation."""

import secrets
from typing import Final

import asyncpg

from largesse.runtime.database import opened
from largesse.runtime.directory import DataDirectory
from largesse.runtime.refusal import StartRefused
from largesse.runtime.settings import Settings
from largesse.store.connection import CONNECT_TIMEOUT_S, set_codecs
from largesse.store.migrate import check_schema
from largesse.store.vault import OtherSecretKey, Vault, change_key, servers_connected

NAME: Final = "secret_key"


async def rotate_secret_key(settings: Settings) -> int:
    """Seal everything with LARGESSE_NEW_SECRET_KEY; without that variable, and with a key of the data directory, with a
    generated one that is put into its place. Returns how many webhooks and distributions were sealed anew.

    Raises StartRefused while servers run, for a missing variable, and when the present key isn't the installation's.
    """
    directory = DataDirectory(settings.data_path)
    in_directory = settings.secret_key is None
    if not in_directory and settings.new_secret_key is None:
        raise StartRefused("LARGESSE_NEW_SECRET_KEY must hold the new key, LARGESSE_SECRET_KEY the present one.")
    async with opened(settings, "secret-key", reads_only=True) as resolved:
        assert resolved.secret_key is not None
        new = settings.new_secret_key or directory.next_secret(NAME) or secrets.token_hex(32)
        connection = await asyncpg.connect(resolved.direct_url, timeout=CONNECT_TIMEOUT_S)
        try:
            await set_codecs(connection)
            await check_schema(connection)
            if await servers_connected(connection):
                raise StartRefused("Stop all servers of the installation first: they would go on with the present key.")
            if in_directory:
                directory.begin_change(NAME, new)  # on the disk first: what is sealed with it must stay readable
            async with connection.transaction():
                changed = await change_key(connection, Vault(resolved.secret_key), Vault(new))
        except OtherSecretKey:
            raise StartRefused("LARGESSE_SECRET_KEY isn't the present key of the installation.") from None
        finally:
            await connection.close()
        if in_directory:
            directory.end_change(NAME)
    return changed
