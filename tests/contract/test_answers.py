"""An operation counts as full when a success and a documented error of it, from a running engine, are as described."""

import re
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from largesse.http.routes import all_routes
from largesse.http.routing import Route
from tests.acceptance.server import Server
from tests.contract.openapi import ERROR, document, faults, needs_contract
from tests.contract.successes import MANAGEMENT, SUCCESSES, World
from tests.rows.engine import Engine

pytestmark = needs_contract

NEVER_WRONG = {
    "GET /v1/categories",
    "GET /management/v1/projects",
    "GET /v1/metadata-schemas",
    "GET /v1/customers/{customerId}/segments",
}
"""Take nothing that could be wrong, but the key."""


def full_operations() -> list[str]:
    """Those of the contract that we call full."""
    if not needs_contract.args[0]:
        known = {(method.upper(), path) for path, methods in document()["paths"].items() for method in methods}
        full = [route for route in all_routes() if isinstance(route, Route) and not route.missing]
        found = {(method, _same(route.path, known)) for route in full for method in route.methods or ()}
        return sorted(f"{method} {path}" for method, path in found & known)
    return []


def _same(path: str, known: set[tuple[str, str]]) -> str:
    """The contract's own names of the parameters."""
    shape = re.sub(r"{\w+}", "{}", path)
    return next((other for _, other in known if re.sub(r"{\w+}", "{}", other) == shape), path)


@pytest.fixture(scope="module")
def world(server: Server, keys: dict[str, str]) -> Any:
    with Engine(server.port, keys) as engine:
        yield World(engine, server)


@pytest.mark.parametrize("operation", full_operations())
def test_a_success_is_as_described(world: World, operation: str) -> None:
    method, path = operation.split()
    answer = SUCCESSES[operation](world)
    assert answer.status_code < 300, answer.text
    body = answer.json() if "json" in answer.headers.get("content-type", "") else None
    assert faults(method, path, answer.status_code, body) == []


@pytest.mark.parametrize("operation", full_operations())
def test_an_error_is_as_described(world: World, operation: str) -> None:
    """What isn't there, or a query or a body that says nothing sensible."""
    method, path = operation.split()
    wrong = (
        path.partition("{")[0] + re.sub(r"{\w+}", "not-there", "{" + path.partition("{")[2]) if "{" in path else path
    )
    if path.endswith("importCSV"):
        answer = world.file(wrong, "Code", part="another")
    elif operation in NEVER_WRONG:
        answer = world.engine.http.get(path)
    elif path.startswith("/management/"):
        answer = world.manage(method, wrong.removeprefix(MANAGEMENT), [] if method in ("POST", "PUT") else None)
    else:
        body: Any = [] if method in ("POST", "PUT") else None
        answer = world.answer(method, wrong, body, params={"limit": 0} if method == "GET" else {})
    assert 400 <= answer.status_code < 500, answer.text
    assert [error.message for error in OAS31Validator(ERROR).iter_errors(answer.json())] == []
    assert answer.json()["code"] == answer.status_code
