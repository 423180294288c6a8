"""An API key: who may call, and for which project."""

import msgspec

from largesse.domain.projects import Project


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `api_keys` that isn't revoked. `project` is None for management keys only."""

    app_id: str
    token_hash: bytes  # SHA-256 of the token
    kind: str  # server, client, integration, management
    project: Project | None = None
    name: str = ""
