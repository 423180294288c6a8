"""Who is calling."""

from msgspec import Struct

from largesse.domain.projects import Project


class Caller(Struct, frozen=True, kw_only=True):
    """The holder of a key, or of a token that a key asked for. `project` is None for management keys only."""

    app_id: str
    kind: str  # server, client, integration, management
    project: Project | None
    name: str = ""
    scopes: frozenset[str] | None = None  # of a token; None: a key, which isn't limited to any
