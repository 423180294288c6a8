"""The official OpenAPI document as a judge of our answers. It isn't part of this project: tests skip where it is missing."""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

_DEFAULT: Final = Path(__file__).parents[3] / "shared" / "contract" / "voucherify-openapi.json"
DOCUMENT: Final = Path(os.environ.get("LARGESSE_TEST_CONTRACT", _DEFAULT))
"""Where to look for it."""
needs_contract = pytest.mark.skipif(not DOCUMENT.exists(), reason="the official OpenAPI document isn't there")

IMPORT_CSV: Final = ("/v1/campaigns/{campaignId}/importCSV", 202)
"""Described with 200, unlike every other import; here it is 202 too."""
ID: Final = re.compile(r"[a-z]+_[0-9A-Za-z]{16,}")
"""Longer than one schema's maxLength, which its own samples exceed too; ids are opaque."""
_URI: Final = "urn:contract"
ERROR: Final = {
    "type": "object",
    "required": ["code", "key", "message", "request_id"],
    "properties": {
        "code": {"type": "integer", "minimum": 400, "maximum": 599},
        "key": {"type": "string", "pattern": "^[a-z0-9_]+$"},
        "message": {"type": "string", "minLength": 1},
        "details": {"type": "string", "minLength": 1},
        "request_id": {"type": "string", "pattern": "^v-[0-9a-f]{18}$"},
        "resource_id": {"type": "string"},
        "resource_type": {"type": "string"},
    },
    "additionalProperties": False,
}
"""The document itself describes no errors (docs/semantics/wire.md)."""
NULLS: Final = {"discount", "gift", "loyalty_card", "validity_timeframe", "validity_day_of_week", "validity_hours"}
"""Null, not missing, in the samples of tests/contract/test_seeds.py, which go before the document."""


@cache
def document() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return read


@cache
def _registry() -> Registry[Any]:
    registry: Registry[Any] = Registry().with_resource(_URI, DRAFT202012.create_resource(document()))
    return registry


@cache
def _validator(method: str, path: str, status: int) -> OAS30Validator | None:
    """None where an answer with this status has no body."""
    responses = document()["paths"][path][method.lower()]["responses"]
    key = "200" if (path, status) == IMPORT_CSV else str(status)
    assert key in responses, f"{method} {path} answers {sorted(responses)}, not {status}"
    content = responses[key].get("content", {})
    if "application/json" not in content:
        return None
    words = ["paths", path, method.lower(), "responses", key, "content", "application/json", "schema"]
    pointer = "/".join(
        word.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for word in words
    )
    return OAS30Validator({"$ref": f"{_URI}#/{pointer}"}, registry=_registry())


def faults(method: str, path: str, status: int, body: Any) -> list[str]:
    """Where an answer isn't as the document says; `path` as the document writes it."""
    validator = _validator(method, path, status)
    if validator is None:
        return [] if body is None else [f"a body where none is: {body!r}"]
    return [fault for error in validator.iter_errors(body) for fault in _leaves(error)]


def _leaves(error: Any) -> list[str]:
    """The fault itself, of alternatives that of the nearest one. Fitting two of `oneOf` is the document's own ambiguity."""
    if error.validator == "oneOf" and not error.context:
        return []
    if error.context:
        branches: dict[Any, list[Any]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        nearest = min(branches.values(), key=lambda branch: (len(branch), -len(branch[0].absolute_path)))
        return [leaf for inner in nearest for leaf in _leaves(inner)]
    if error.instance is None and error.absolute_path and error.absolute_path[-1] in NULLS:
        return []
    if error.validator == "maxLength" and ID.fullmatch(error.instance):
        return []
    where = ".".join(str(part) for part in error.absolute_path)
    return [f"{where}: {error.message[:200]}"]
