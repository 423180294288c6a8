"""An error as the contract writes it (docs/semantics/wire.md)."""

from http import HTTPStatus
from typing import Any

from largesse.domain.errors import LargesseError, MalformedJson, PayloadTooLarge


def render_error(error: LargesseError, request_id: str) -> dict[str, Any]:
    """The body. What isn't known is left out; two errors have the shape of the contract's web framework."""
    if isinstance(error, MalformedJson | PayloadTooLarge):
        return _render_framework_error(error)
    body: dict[str, Any] = {"code": error.status}
    if error.key is not None:
        body["key"] = error.key
    body["message"] = error.message
    if error.details is not None:
        body["details"] = error.details
    body["request_id"] = request_id
    if error.resource_id is not None:
        body["resource_id"] = error.resource_id
    if error.resource_type is not None:
        body["resource_type"] = error.resource_type
    return body


def _render_framework_error(error: LargesseError) -> dict[str, Any]:
    name = "Request Entity Too Large" if isinstance(error, PayloadTooLarge) else HTTPStatus(error.status).phrase
    return {"statusCode": error.status, "error": name, "message": error.message}
