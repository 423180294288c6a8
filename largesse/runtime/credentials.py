"""`credentials.json` of a data directory: the keys and the account that the installation's first start made.

Tokens and passwords can be changed elsewhere, in the dashboard or by another server. At each start what opens nothing
any more is therefore taken out.
"""

from typing import Any, Final

import structlog

from largesse.auth.passwords import matches_now
from largesse.domain import keys as kinds
from largesse.domain.projects import Project
from largesse.runtime.directory import DataDirectory, read_json, write_private
from largesse.runtime.settings import KeyPair
from largesse.store.connection import Connection
from largesse.store.keys import opens
from largesse.store.users import password_hash_of

DASHBOARD: Final = "dashboard"
"""The account's entry; keys stand under their kinds."""

log = structlog.get_logger(__name__)


class Credentials:
    def __init__(self, directory: DataDirectory) -> None:
        self._file = directory.credentials_file
        self._known: dict[str, Any] = read_json(self._file)

    def pair(self, kind: str) -> KeyPair | None:
        entry = self._known.get(kind)
        return None if entry is None else KeyPair(kind, entry["id"], entry["token"])

    def account(self) -> tuple[str, str] | None:
        """E-mail address and password."""
        entry = self._known.get(DASHBOARD)
        return None if entry is None else (entry["email"], entry["password"])

    def add(self, project: Project, *pairs: KeyPair, account: tuple[str, str] | None = None) -> None:
        """On the disk before it returns."""
        for pair in pairs:
            self._known[pair.kind] = {"id": pair.app_id, "token": pair.token}
        if account is not None:
            self._known[DASHBOARD] = {"email": account[0], "password": account[1]}
        self._known = {"project": project.public_id, **self._known}
        self._write()

    def key_changed(self, app_id: str, token: str | None) -> None:
        """None: the key was revoked."""
        kind = next((kind for kind in kinds.KINDS if self._known.get(kind, {}).get("id") == app_id), None)
        if kind is None:
            return
        if token is None:
            del self._known[kind]
        else:
            self._known[kind]["token"] = token
        self._write()

    def password_changed(self, email: str, password: str) -> None:
        if self._known.get(DASHBOARD, {}).get("email") == email:
            self._known[DASHBOARD]["password"] = password
            self._write()

    async def drop_what_opens_nothing(self, connection: Connection) -> None:
        gone = [
            kind
            for kind in kinds.KINDS
            if (pair := self.pair(kind)) is not None and not await opens(connection, pair.app_id, pair.token)
        ]
        account = self.account()
        if account is not None and not matches_now(account[1], await password_hash_of(connection, account[0])):
            gone.append(DASHBOARD)
        if gone:
            log.warning("credentials_dropped", file=str(self._file), entries=gone)
            self._known = {name: entry for name, entry in self._known.items() if name not in gone}
            self._write()

    def _write(self) -> None:
        write_private(self._file, self._known)
