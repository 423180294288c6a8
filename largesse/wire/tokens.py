"""The OAuth operations' forms and answers."""

from typing import Any, Final
from urllib.parse import parse_qsl

from largesse.domain.errors import InvalidPayload, MissingParameters
from largesse.domain.tokens import Token

_FIELDS_MAX: Final = 20


def parse_form(body: bytes) -> dict[str, str]:
    """Of a field given twice the last counts. Raises InvalidPayload."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="strict")
    except ValueError as error:  # also what isn't UTF-8
        raise InvalidPayload(f"Payload must be a form of at most {_FIELDS_MAX} fields in UTF-8") from error
    return dict(pairs)


def sent_token(body: bytes) -> str:
    """The field `access_token`. Raises MissingParameters."""
    token = parse_form(body).get("access_token")
    if not token:
        raise MissingParameters
    return token


def render_token(token: str, *, app_id: str, scopes: list[str], expires_at: int, expires_in: int) -> dict[str, Any]:
    return {
        "access_token": token,
        "client_id": app_id,
        "expires_at": expires_at,
        "expires_in": expires_in,
        "scope": " ".join(scopes),
        "token_type": "Bearer",
    }


def render_introspection(token: str, found: Token | None) -> dict[str, Any]:
    """Of a token that isn't alive nothing is said but that."""
    if found is None:
        return {"active": False}
    rendered = render_token(
        token,
        app_id=found.app_id,
        scopes=found.scopes,
        expires_at=found.expires_at,
        expires_in=int(found.expires_in),
    )
    return {"active": True, **rendered}
