"""Keys as JSON, in the style of the contract, which has no operations for them."""

from typing import Annotated, Any, Literal

import msgspec

from largesse.domain.keys import ALLOWED_IPS_MAX, KeyLimits, ListedKey
from largesse.domain.tokens import SCOPES
from largesse.wire.dates import DateTime, render

NAME_LENGTH_MAX = 255


class KeyInput(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be made. Null is as good as absent."""

    type: Literal["server", "client", "integration"] | None = None
    name: Annotated[str, msgspec.Meta(max_length=NAME_LENGTH_MAX)] | None = None
    role: Literal["admin", "user", "viewer", "merchant", "restricted"] | None = None
    scopes: Annotated[list[str], msgspec.Meta(max_length=len(SCOPES))] | None = None
    allowed_ips: Annotated[list[str], msgspec.Meta(max_length=ALLOWED_IPS_MAX)] | None = None
    expires_at: DateTime | None = None

    def limits(self) -> KeyLimits:
        role = {} if self.role is None else {"role": self.role}
        return KeyLimits(scopes=self.scopes, allowed_ips=self.allowed_ips, expires_at=self.expires_at, **role)


def render_key(key: ListedKey, token: str | None = None) -> dict[str, Any]:
    """`token`: only where it has just been made."""
    moments = {name: getattr(key, name) for name in ("created_at", "expires_at", "last_used_at", "revoked_at")}
    out = {
        "app_id": key.app_id,
        "type": key.kind,
        "name": key.name,
        "role": key.role,
        "scopes": key.scopes,
        "allowed_ips": key.allowed_ips,
        **{name: None if moment is None else render(moment) for name, moment in moments.items()},
        "object": "api_key",
    }
    return out if token is None else out | {"app_token": token}
