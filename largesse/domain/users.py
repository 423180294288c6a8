"""People of the dashboard: roles, and what their names, addresses and passwords must be."""

import re
from datetime import datetime, timedelta
from typing import Final

import msgspec

from largesse.domain.errors import InvalidPayload

ID_PREFIX: Final = "user_"
ADMIN: Final = "admin"
USER: Final = "user"
VIEWER: Final = "viewer"
ROLES: Final = (ADMIN, USER, VIEWER)
"""An admin does everything in every project; a user works in the projects that he sees; a viewer reads there."""

USERS_MAX: Final = 1_000
EMAIL_LENGTH_MAX: Final = 254
NAME_LENGTH_MAX: Final = 100
PASSWORD_LENGTH_MIN: Final = 10
PASSWORD_LENGTH_MAX: Final = 200
FAILURES_MAX: Final = 5
"""Wrong passwords in a row before nobody gets in for a while."""
LOCK: Final = timedelta(seconds=30)
LOCK_MAX: Final = timedelta(hours=1)
SESSION: Final = timedelta(hours=12)

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_RANK: Final = {VIEWER: 0, USER: 1, ADMIN: 2}


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in. `projects` None: all."""

    id: str  # user_…
    email: str
    name: str
    role: str
    projects: list[int] | None = None

    def may(self, role: str) -> bool:
        """Whether he may do what takes `role`."""
        return _RANK[self.role] >= _RANK[role]

    def sees(self, project_id: int) -> bool:
        return self.projects is None or project_id in self.projects


class ListedUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user as an admin sees him."""

    id: str
    email: str
    name: str
    role: str
    signed_in_at: datetime | None
    created_at: datetime
    disabled_at: datetime | None
    locked: bool
    projects: list[int]


def fold_email(email: str) -> str:
    """As addresses are compared."""
    return email.strip().lower()


def check_email(email: str) -> str:
    """As it is stored. Raises InvalidPayload."""
    folded = fold_email(email)
    if len(folded) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(folded):
        raise InvalidPayload("Property .email must be an e-mail address")
    return folded


def check_password(password: str) -> str:
    """Raises InvalidPayload."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise InvalidPayload(f"Property .password must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters")
    return password


def check_role(role: str) -> str:
    """Raises InvalidPayload."""
    if role not in ROLES:
        raise InvalidPayload(f"Property .role must be equal to one of the allowed values [{', '.join(ROLES)}]")
    return role


def check_name(name: str) -> str:
    """Raises InvalidPayload."""
    if len(name) > NAME_LENGTH_MAX:
        raise InvalidPayload(f"Property .name must not have more than {NAME_LENGTH_MAX} characters")
    return name.strip()
