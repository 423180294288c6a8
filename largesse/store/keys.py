"""API keys: looked up by their public half."""

from largesse.domain.keys import Key
from largesse.domain.projects import Project
from largesse.store.connection import Connection
from largesse.store.sql import load

SQL = load("keys")


async def find_key(connection: Connection, app_id: str) -> Key | None:
    """The key, unless it is unknown or revoked."""
    row = await connection.fetchrow(SQL["find_key"], app_id)
    if row is None:
        return None
    project = None
    if row["id"] is not None:
        project = Project(
            id=row["id"],
            public_id=row["public_id"],
            name=row["project_name"],
            time_zone=row["time_zone"],
            case_sensitive_codes=row["case_sensitive_codes"],
            on_known_source_id=row["on_known_source_id"],
            codes_per_campaign_max=row["codes_per_campaign_max"],
        )
    return Key(app_id=row["app_id"], token_hash=row["token_hash"], kind=row["kind"], name=row["name"], project=project)
