"""A project: the tenant. Every key belongs to one, every row too."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from largesse.domain.errors import InvalidPayload

ANY_ORIGIN: Final = "*"
ORIGINS_MAX: Final = 100
NAME_LENGTH_MAX: Final = 255
CODES_PER_CAMPAIGN_CEILING: Final = 1_000_000_000
REPLAY: Final = "replay"
STRICT: Final = "strict"
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[a-z0-9._~:\[\]-]{1,255}", re.ASCII)


class Project(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    public_id: str  # proj_…
    name: str
    time_zone: str = "UTC"
    case_sensitive_codes: bool = True
    on_known_source_id: str = REPLAY  # or STRICT
    codes_per_campaign_max: int = 10_000_000
    client_origins: list[str] = []  # whose pages may call with a client-side key; "*": everybody's
    client_publish: bool = False  # whether client-side keys may publish
    publish_on_voucher_export: bool = True  # whether codes that leave in a file are published by that

    def allows_origin(self, origin: str) -> bool:
        """Whether a page of `origin` (`https://shop.example:8443`), or a caller that names none (""), may call."""
        return ANY_ORIGIN in self.client_origins or origin.lower() in self.client_origins

    def code_key(self, code: str) -> str:
        """What two codes of this project must not share. Folds A–Z only, so it never depends on a locale."""
        return code if self.case_sensitive_codes else code.translate(_FOLD)


_FOLD = {ord(upper): ord(upper.lower()) for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


class ProjectChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What of a project may change; None leaves it as it is. `details` are written over those of the same names."""

    name: str | None = None

    time_zone: str | None = None
    on_known_source_id: str | None = None
    client_origins: list[str] | None = None
    client_publish: bool | None = None
    codes_per_campaign_max: int | None = None
    details: dict[str, Any] | None = None
    publish_on_voucher_export: bool | None = None


class ProjectRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A project as operators see it. `details`: what the management API shows and nothing else reads."""

    project: Project
    details: dict[str, Any]
    created_at: datetime
    webhook_secret: str | None = None


def check_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # unknown, not a name, a folder of names
        raise InvalidPayload(f"Property .time_zone must be an IANA name, and {name[:100]} is none") from error
    return name


def check_ceiling(maximum: int) -> int:
    if not 1 <= maximum <= CODES_PER_CAMPAIGN_CEILING:
        raise InvalidPayload(f"Property .codes_per_campaign_max must be from 1 to {CODES_PER_CAMPAIGN_CEILING}")
    return maximum


def check_name(name: str) -> str:
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        raise InvalidPayload(f"Property .name must have 1 to {NAME_LENGTH_MAX} characters")
    return name


def check_origins(origins: list[str]) -> list[str]:
    """As they are compared: in lower case. Raises InvalidPayload for what no browser would send."""
    if len(origins) > ORIGINS_MAX:
        raise InvalidPayload(f"Property .client_origins must not have more than {ORIGINS_MAX} items")
    lowered = [origin.lower() for origin in origins]
    for origin in lowered:
        if origin != ANY_ORIGIN and not _ORIGIN.fullmatch(origin):
            raise InvalidPayload("Property .client_origins must hold origins, like https://shop.example, or *")
    return lowered


def check_known_source_id(answer: str) -> str:
    if answer not in (REPLAY, STRICT):
        raise InvalidPayload(f"Property .on_known_source_id must be equal to one of [{REPLAY}, {STRICT}]")
    return answer


_CHECKS: Final[dict[str, Callable[[Any], Any]]] = {
    "name": check_name,
    "time_zone": check_time_zone,
    "on_known_source_id": check_known_source_id,
    "codes_per_campaign_max": check_ceiling,
    "client_origins": check_origins,
}


def check_changes(changes: ProjectChanges) -> ProjectChanges:
    """As they are stored. Raises InvalidPayload with every setting that can't be."""
    checked, found = {}, []
    for name, check in _CHECKS.items():
        if (value := getattr(changes, name)) is not None:
            try:
                checked[name] = check(value)
            except InvalidPayload as error:
                found.append(str(error))
    if found:
        raise InvalidPayload("; ".join(found))
    return msgspec.structs.replace(changes, **checked)
