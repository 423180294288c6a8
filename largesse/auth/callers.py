"""Who is calling."""

from msgspec import Struct

from largesse.domain.keys import ADMIN, Network
from largesse.domain.projects import Project
from largesse.domain.tokens import covers


class Caller(Struct, frozen=True, kw_only=True):
    """The holder of a key, or of a token that a key asked for. `project` is None for management keys only."""

    app_id: str
    kind: str  # server, client, integration, management
    project: Project | None
    name: str = ""
    scopes: frozenset[str] | None = None  # of a token; None: the key itself calls
    role: str = ADMIN  # of the key, like all that follows
    key_scopes: frozenset[str] | None = None  # None: the key isn't limited to any
    networks: tuple[Network, ...] | None = None  # where it may call from; None: everywhere

    def may(self, *needed: str) -> bool:
        """Whether the token's scopes and the key's, where they are limited to any, cover all of `needed`."""
        return all(covers(given, frozenset(needed)) for given in (self.scopes, self.key_scopes) if given is not None)
