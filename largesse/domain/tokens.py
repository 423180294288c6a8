"""OAuth 2.0 access tokens: for how long, for what (docs/semantics/access.md)."""

from typing import Final

import msgspec

from largesse.domain.errors import InvalidGrantType, InvalidScope, MissingParameters
from largesse.domain.projects import Project

LIFETIME_S: Final = 900
LIVE_MAX: Final = 1_000
"""Tokens of a key that may be alive at the same time: counted by key, so that none uses up what others need."""
OPEN_KEY_LIVE_MAX: Final = 100
"""The same for a key that lies open in links: everybody who sees one can ask for tokens."""
CLIENT_CREDENTIALS: Final = "client_credentials"

_CLIENT_PREFIX: Final = "client_"
LOG_SCOPE: Final = "event-log"
"""Opens the log of everything; `events` only lets custom events be told."""
_MORE: Final = {
    "distributions": frozenset({"publications", "customers"}),
    "referrals": frozenset({"customers"}),
    "trash-bin": frozenset({"campaigns", "vouchers"}),
}
"""What else a path is about: a distribution publishes codes, and shows and sends customers' data; a referral shows and
saves customers; the bin names codes and campaigns, and deletes them for good.
"""
_MORE_BELOW: Final = {
    ("vouchers", "publications"): frozenset({"publications"}),
    ("customers", "redeemables"): frozenset({"vouchers"}),
    ("customers", "activity"): frozenset({"publications"}),
    ("customers", "activities"): frozenset({"publications"}),
    ("customers", "segments"): frozenset({"segments"}),
    ("campaigns", "vouchers"): frozenset({"vouchers"}),
    ("campaigns", "import"): frozenset({"vouchers"}),
    ("campaigns", "importCSV"): frozenset({"vouchers"}),
    ("campaigns", "transactions"): frozenset({"vouchers"}),
    ("validation-rules", "assignments"): frozenset({"validation-rules-assignments"}),
}
"""The same for what follows an object in a path: /v1/vouchers/{code}/publications lists publications."""
_MORE_AT: Final = {("vouchers", "publish"): frozenset({"publications"})}
"""And for words in an object's place."""
_EVERYTHING: Final = {"/v1/": "api", "/client/v1/": "client_api"}
SCOPES: Final = frozenset({
    *_EVERYTHING.values(), "publications", "vouchers", "campaigns", "customers", "exports", "qualifications",
    "validations", "redemptions", "promotions", "orders", "products", "skus", "product-collections", "validation-rules",
    "validation-rules-assignments", "segments", "events", "rewards", "loyalties", "referrals", "consents",
    "async-actions", "categories", "distributions", "metadata-schemas", "locations", "assets", "task-results",
    "trash-bin", "templates", "suppressions", LOG_SCOPE,
    "client_publish", "client_vouchers", "client_promotions", "client_validate", "client_validations",
    "client_qualifications", "client_redeem", "client_redemptions", "client_customers", "client_events",
    "client_consents",
})  # fmt: skip


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A live row of `oauth_tokens`, with the key that asked for it. The token itself is kept nowhere."""

    app_id: str
    kind: str  # of the key
    name: str  # of the key
    project: Project
    scopes: list[str]
    role: str = "admin"  # of the key, like the next two
    key_scopes: list[str] | None = None
    allowed_ips: list[str] | None = None
    expires_at: int  # Unix seconds
    expires_in: float  # seconds from the moment it was looked up, by the database's clock


def check_scopes(grant_type: str | None, scope: str | None) -> list[str]:
    """What was asked for, in its order. Raises MissingParameters, InvalidGrantType, InvalidScope."""
    if not grant_type or not scope:
        raise MissingParameters
    if grant_type != CLIENT_CREDENTIALS:
        raise InvalidGrantType
    scopes = list(dict.fromkeys(scope.split()))
    if not scopes or not SCOPES.issuperset(scopes):
        raise InvalidScope(message=f"Invalid scope: {scope}")
    return scopes


def opens(scopes: frozenset[str], method: str, path: str) -> bool:
    """Whether `scopes` open a path: `vouchers` opens /v1/vouchers and what is below, `api` all of /v1."""
    for prefix, everything in _EVERYTHING.items():
        if path.startswith(prefix):
            words = [*path.removeprefix(prefix).split("/"), "", ""][:3]
            needed = _needed(method, words) if prefix == "/v1/" else {_CLIENT_PREFIX + words[0]}
            return everything in scopes or needed <= scopes
    return False


def covers(scopes: frozenset[str], needed: frozenset[str]) -> bool:
    """Whether `scopes` allow what needs all of `needed`, whatever the path."""
    return "api" in scopes or needed <= scopes


def _needed(method: str, words: list[str]) -> frozenset[str]:
    """What is done behind a path may be more than its first word says: then the scopes for that are needed, too."""
    name, object_, below = words
    if name == "events" and method != "POST":
        return frozenset({LOG_SCOPE})
    nothing: frozenset[str] = frozenset()
    more = (_MORE.get(name, nothing), _MORE_BELOW.get((name, below), nothing), _MORE_AT.get((name, object_), nothing))
    return frozenset({name}).union(*more)
