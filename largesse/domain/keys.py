"""An API key: who may call, and for which project."""

import hashlib
from typing import Final

import msgspec

from largesse.domain.projects import Project

SERVER: Final = "server"
CLIENT: Final = "client"
INTEGRATION: Final = "integration"
MANAGEMENT: Final = "management"
KINDS: Final = (SERVER, CLIENT, INTEGRATION, MANAGEMENT)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `api_keys` that isn't revoked. `project` is None for management keys only."""

    app_id: str
    token_hash: bytes  # SHA-256 of the token
    kind: str
    project: Project | None = None
    name: str = ""


def hash_token(token: str) -> bytes:
    """What is stored of a token. Tokens are random, so a fast hash keeps them as safe as a slow one would."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
