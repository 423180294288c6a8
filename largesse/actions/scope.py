"""What a verb works in: one transaction of one project."""

from dataclasses import dataclass

from largesse.actions.courier import Courier
from largesse.actions.ids import IdSource
from largesse.domain.projects import Project
from largesse.domain.users import ID_PREFIX
from largesse.store.connection import Connection
from largesse.wire.assets import AssetUrls


@dataclass(frozen=True, slots=True)
class Scope:
    """One request's, or one job chunk's, transaction. The edge opens and commits it; nothing below does."""

    connection: Connection
    project: Project
    ids: IdSource
    request_id: str
    actor: str  # the app id of the key, a user's id, or the name of the command: provenance
    assets: AssetUrls | None = None  # of a job whose worker knows the installation's key
    courier: Courier | None = None  # of a job whose worker can send

    @property
    def by_person(self) -> bool:
        """Whether somebody who is signed in to the dashboard does it."""
        return self.actor.startswith(ID_PREFIX)
