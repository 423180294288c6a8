"""An API key: who may call, for which project, and what for (docs/semantics/access.md)."""

import hashlib
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

import msgspec

from largesse.domain.errors import InvalidPayload
from largesse.domain.projects import Project
from largesse.domain.tokens import SCOPES

SERVER: Final = "server"
CLIENT: Final = "client"
INTEGRATION: Final = "integration"
MANAGEMENT: Final = "management"
KINDS: Final = (SERVER, CLIENT, INTEGRATION, MANAGEMENT)
PROJECT_KINDS: Final = (SERVER, CLIENT, INTEGRATION)

ADMIN: Final = "admin"
VIEWER: Final = "viewer"
ROLES: Final = (ADMIN, "user", VIEWER, "merchant", "restricted")
"""A viewer reads. What tells the others apart belongs to operations that aren't built yet."""

MANAGEMENT_KEYS_MAX: Final = 5
ALLOWED_IPS_MAX: Final = 100
_MAPPED_BITS: Final = 96
"""Before an IPv4 address within an IPv6 one."""

Network: TypeAlias = IPv4Network | IPv6Network


class KeyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a key. None: nothing does."""

    role: str = ADMIN
    scopes: list[str] | None = None
    allowed_ips: list[str] | None = None  # addresses and networks, `10.0.0.0/8`
    expires_at: datetime | None = None


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `api_keys` that is neither revoked nor expired. `project` is None for management keys only."""

    app_id: str
    token_hash: bytes  # SHA-256 of the token
    kind: str
    project: Project | None = None
    name: str = ""
    role: str = ADMIN
    scopes: list[str] | None = None
    allowed_ips: list[str] | None = None
    expires_in: float | None = None  # seconds from the moment it was looked up, by the database's clock


class ListedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as shown to operators. `project` is its name; None for management keys."""

    app_id: str
    kind: str
    name: str
    project: str | None
    role: str
    scopes: list[str] | None
    allowed_ips: list[str] | None
    expires_at: datetime | None
    last_used_at: datetime | None  # to the minute
    created_at: datetime
    revoked_at: datetime | None


def hash_token(token: str) -> bytes:
    """What is stored of a token. Tokens are random, so a fast hash keeps them as safe as a slow one would."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def check_limits(kind: str, limits: KeyLimits, now: datetime) -> KeyLimits:
    """Raises InvalidPayload with every fault."""
    found = []
    if limits.role not in ROLES:
        found.append(f"Property .role must be equal to one of the allowed values [{', '.join(ROLES)}]")
    if unknown := [scope for scope in limits.scopes or () if scope not in SCOPES]:
        found.append(f"Property .scopes must hold known scopes, and {unknown[0][:100]} is none")
    if limits.scopes == []:
        found.append("Property .scopes must not be empty")
    if limits.scopes and kind == MANAGEMENT:
        found.append("Property .scopes is not available for management keys")
    if limits.allowed_ips is not None and not 1 <= len(limits.allowed_ips) <= ALLOWED_IPS_MAX:
        found.append(f"Property .allowed_ips must have 1 to {ALLOWED_IPS_MAX} items")
    found += [
        f"Property .allowed_ips must hold addresses or networks, and {text[:100]} is neither"
        for text in (limits.allowed_ips or [])[:ALLOWED_IPS_MAX]
        if _network(text) is None
    ]
    if limits.expires_at is not None and limits.expires_at <= now:
        found.append("Property .expires_at must be in the future")
    if found:
        raise InvalidPayload("; ".join(found))
    return limits


def _network(text: str) -> Network | None:
    try:
        return _as_compared(ip_network(text))
    except ValueError:
        return None


def _as_compared(network: Network) -> Network:
    """IPv4 as an IPv6 socket shows it, `::ffff:10.0.0.1`, is IPv4: callers' addresses are compared as that."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def networks_of(allowed_ips: list[str] | None) -> tuple[Network, ...] | None:
    """To be asked with `is_allowed`. None: every address."""
    return None if allowed_ips is None else tuple(_as_compared(ip_network(text)) for text in allowed_ips)


def is_allowed(networks: tuple[Network, ...], address: str) -> bool:
    """Whether a caller's address stands in the list; one that isn't an address at all does not."""
    try:
        known = ip_address(address)
    except ValueError:
        return False
    known = getattr(known, "ipv4_mapped", None) or known  # IPv4 seen through an IPv6 socket
    return any(known in network for network in networks)
