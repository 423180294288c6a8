"""Async actions as JSON."""

from datetime import timedelta
from typing import Any

from largesse.domain.async_actions import AsyncAction
from largesse.wire.dates import render


def render_async_action(action: AsyncAction, *, with_result: bool = True) -> dict[str, Any]:
    """Lists leave the result out. `processing_time` is in milliseconds."""
    out: dict[str, Any] = {"id": action.id, "type": action.type, "status": action.status}
    if action.operation_status is not None:
        out["operation_status"] = action.operation_status
    if with_result:
        out["result"] = action.result
    out["created_at"] = render(action.created_at)
    out["updated_at"] = None if action.updated_at is None else render(action.updated_at)
    out["request_id"] = action.request_id
    out["progress"] = action.progress
    took = timedelta(0)
    if action.started_at is not None and action.updated_at is not None:
        took = action.updated_at - action.started_at
    out["processing_time"] = took // timedelta(milliseconds=1)
    out["object"] = "async_action"
    return out
