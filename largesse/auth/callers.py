"""Who is calling."""

from msgspec import Struct

from largesse.domain.keys import ADMIN, Network
from largesse.domain.projects import Project


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
