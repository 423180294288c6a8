"""An operation counts as full when a success and a documented error of it, from a running engine, are as described."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator

from largesse.http.routes import all_routes
from largesse.http.routing import Route
from tests.acceptance.server import Server
from tests.contract.openapi import ERROR, document, faults, needs_contract
from tests.rows.engine import DISCOUNT, GIFT, Engine, P, fresh

pytestmark = needs_contract

FILE = {"Content-Type": "multipart/form-data; boundary=b"}


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


class World:
    """A little of everything, made when a success asks for it."""

    def __init__(self, engine: Engine, integration: dict[str, str]) -> None:
        self.engine = engine
        self.integration_keys = {"X-App-Id": integration["id"], "X-App-Token": integration["token"]}
        self.answer = engine.answer

    def integration(self, path: str, params: dict[str, str]) -> httpx.Response:
        return self.engine.http.get(path, params=params, headers=self.integration_keys)

    def file(self, path: str, text: str, part: str = "file") -> httpx.Response:
        content = f'--b\r\nContent-Disposition: form-data; name="{part}"; filename="f.csv"\r\n\r\n{text}\r\n--b--\r\n'
        return self.engine.http.post(path, content=content, headers={**self.engine.keys, **FILE})

    def category(self) -> str:
        made: str = self.engine.post("/v1/categories", {"name": fresh("category"), "hierarchy": 1})["id"]
        return made

    def rule(self) -> str:
        made: str = self.engine.post("/v1/validation-rules", RULE)["id"]
        return made

    def assignment(self) -> dict[str, Any]:
        body = {"related_object_id": self.engine.voucher()}
        made: dict[str, Any] = self.engine.post(f"/v1/validation-rules/{self.rule()}/assignments", body)
        return made

    def action(self) -> str:
        body = {"codes": [self.engine.voucher()], "metadata": {"a": 1}}
        started: str = self.engine.call("POST", "/v1/vouchers/metadata/async", body, 202)["async_action_id"]
        self.engine.until(lambda: self.engine.get(f"/v1/async-actions/{started}")["status"] == "DONE")
        return started

    def published(self) -> dict[str, Any]:
        customer = {"source_id": fresh("c"), "name": "N", "metadata": {"a": 1}}
        campaign = self.engine.campaign(1, category_id=self.category(), metadata={"a": 1})
        made: dict[str, Any] = self.engine.publish(campaign=campaign, customer=customer, metadata={"a": 1})
        return made


RULE = {
    "name": "Large orders",
    "rules": {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"},
    "error": {"message": "Too small"},
    "applicable_to": {"included": [{"object": "product", "id": "prod_1", "effect": "APPLY_TO_EVERY"}]},
}
Success = Callable[[World], httpx.Response]
CSV_VOUCHERS = "Code,Voucher Type,Value,Discount Type\r\n{},DISCOUNT_VOUCHER,5,PERCENT"
SUCCESSES: dict[str, Success] = {
    "GET /v1/async-actions": lambda w: (w.action(), w.answer("GET", "/v1/async-actions"))[1],
    "GET /v1/async-actions/{asyncActionId}": lambda w: w.answer("GET", f"/v1/async-actions/{w.action()}"),
    "DELETE /v1/campaigns/{campaignId}": lambda w: w.answer("DELETE", f"/v1/campaigns/{w.engine.campaign(1)}"),
    "GET /v1/campaigns/{campaignId}": lambda w: w.answer(
        "GET", f"/v1/campaigns/{w.engine.campaign(1, category_id=w.category(), metadata={'a': 1})}"
    ),
    "PUT /v1/campaigns/{campaignId}": lambda w: w.answer(
        "PUT", f"/v1/campaigns/{w.engine.campaign(1)}", {"description": "d"}
    ),
    "POST /v1/campaigns/{campaignId}/disable": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(1)}/disable"
    ),
    "POST /v1/campaigns/{campaignId}/enable": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(1)}/enable"
    ),
    "POST /v1/campaigns/{campaignId}/import": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(0)}/import", [{"code": fresh("i")}]
    ),
    "POST /v1/campaigns/{campaignId}/importCSV": lambda w: w.file(
        f"/v1/campaigns/{w.engine.campaign(0)}/importCSV", f"Code\r\n{fresh('i')}"
    ),
    "POST /v1/campaigns/{campaignId}/vouchers": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(0)}/vouchers"
    ),
    "POST /v1/campaigns/{campaignId}/vouchers/{code}": lambda w: w.answer(
        "POST", f"/v1/campaigns/{w.engine.campaign(0)}/vouchers/{fresh('c')}"
    ),
    "GET /v1/categories": lambda w: (w.category(), w.answer("GET", "/v1/categories"))[1],
    "POST /v1/categories": lambda w: w.answer("POST", "/v1/categories", {"name": fresh("c"), "hierarchy": 1}),
    "DELETE /v1/categories/{categoryId}": lambda w: w.answer("DELETE", f"/v1/categories/{w.category()}"),
    "GET /v1/categories/{categoryId}": lambda w: w.answer("GET", f"/v1/categories/{w.category()}"),
    "PUT /v1/categories/{categoryId}": lambda w: w.answer(
        "PUT", f"/v1/categories/{w.category()}", {"name": fresh("c"), "hierarchy": 1}
    ),
    "GET /v1/customers": lambda w: (w.published(), w.answer("GET", "/v1/customers"))[1],
    "POST /v1/customers": lambda w: w.answer("POST", "/v1/customers", {"source_id": fresh("c"), "name": "N"}),
    "POST /v1/customers/bulk/async": lambda w: w.answer(
        "POST", "/v1/customers/bulk/async", [{"source_id": fresh("c")}]
    ),
    "POST /v1/customers/importCSV": lambda w: w.file("/v1/customers/importCSV", f"Name,Source_id\r\nN,{fresh('c')}"),
    "POST /v1/customers/metadata/async": lambda w: w.answer(
        "POST", "/v1/customers/metadata/async", {"source_ids": [fresh("c")], "metadata": {"a": 1}}
    ),
    "DELETE /v1/customers/{customerId}": lambda w: w.answer("DELETE", f"/v1/customers/{w.engine.customer()}"),
    "GET /v1/customers/{customerId}": lambda w: w.answer("GET", f"/v1/customers/{w.published()['customer_id']}"),
    "PUT /v1/customers/{customerId}": lambda w: w.answer("PUT", f"/v1/customers/{w.engine.customer()}", {"name": "M"}),
    "GET /v1/customers/{customerId}/redeemables": lambda w: w.answer(
        "GET", f"/v1/customers/{w.published()['customer_id']}/redeemables"
    ),
    "POST /v1/customers/{customerId}/permanent-deletion": lambda w: w.answer(
        "POST", f"/v1/customers/{w.engine.customer()}/permanent-deletion"
    ),
    "GET /v1/publications": lambda w: (w.published(), w.answer("GET", P))[1],
    "POST /v1/publications": lambda w: w.answer(
        "POST", P, {"campaign": w.engine.campaign(1), "customer": {"source_id": fresh("c")}, "metadata": {"a": 1}}
    ),
    "GET /v1/publications/create": lambda w: w.integration(
        P + "/create", {"voucher": w.engine.voucher(), "customer[source_id]": fresh("c"), "metadata[a]": "b"}
    ),
    "GET /v1/validation-rules": lambda w: (w.rule(), w.answer("GET", "/v1/validation-rules"))[1],
    "POST /v1/validation-rules": lambda w: w.answer("POST", "/v1/validation-rules", RULE),
    "GET /v1/validation-rules/{validationRuleId}": lambda w: w.answer("GET", f"/v1/validation-rules/{w.rule()}"),
    "PUT /v1/validation-rules/{validationRuleId}": lambda w: w.answer(
        "PUT", f"/v1/validation-rules/{w.rule()}", {"name": "new"}
    ),
    "DELETE /v1/validation-rules/{validationRuleId}": lambda w: w.answer("DELETE", f"/v1/validation-rules/{w.rule()}"),
    "GET /v1/validation-rules/{validationRuleId}/assignments": lambda w: w.answer(
        "GET", f"/v1/validation-rules/{w.assignment()['rule_id']}/assignments"
    ),
    "DELETE /v1/validation-rules/{validationRuleId}/assignments/{assignmentId}": lambda w: w.answer(
        "DELETE", "/v1/validation-rules/{rule_id}/assignments/{id}".format(**w.assignment())
    ),
    "GET /v1/validation-rules-assignments": lambda w: (
        w.assignment(),
        w.answer("GET", "/v1/validation-rules-assignments"),
    )[1],
    "POST /v1/vouchers/bulk/async": lambda w: w.answer(
        "POST", "/v1/vouchers/bulk/async", [{"code": w.engine.voucher(), "metadata": {"a": 1}}]
    ),
    "POST /v1/vouchers/import": lambda w: w.answer("POST", "/v1/vouchers/import", [{"code": fresh("i"), **DISCOUNT}]),
    "POST /v1/vouchers/importCSV": lambda w: w.file("/v1/vouchers/importCSV", CSV_VOUCHERS.format(fresh("i"))),
    "POST /v1/vouchers/metadata/async": lambda w: w.answer(
        "POST", "/v1/vouchers/metadata/async", {"codes": [w.engine.voucher()], "metadata": {"a": 1}}
    ),
    "GET /v1/vouchers": lambda w: (w.published(), w.answer("GET", "/v1/vouchers"))[1],
    "POST /v1/vouchers": lambda w: w.answer("POST", "/v1/vouchers", DISCOUNT),
    "POST /v1/vouchers/{code}": lambda w: w.answer("POST", f"/v1/vouchers/{fresh('c')}", DISCOUNT),
    "DELETE /v1/vouchers/{code}": lambda w: w.answer("DELETE", f"/v1/vouchers/{w.engine.voucher()}"),
    "GET /v1/vouchers/{code}": lambda w: w.answer("GET", f"/v1/vouchers/{w.published()['voucher']['code']}"),
    "PUT /v1/vouchers/{code}": lambda w: w.answer(
        "PUT", f"/v1/vouchers/{w.engine.voucher()}", {"additional_info": "x"}
    ),
    "POST /v1/vouchers/{code}/balance": lambda w: w.answer(
        "POST", f"/v1/vouchers/{w.engine.voucher(GIFT)}/balance", {"amount": -5}
    ),
    "POST /v1/vouchers/{code}/disable": lambda w: w.answer("POST", f"/v1/vouchers/{w.engine.voucher()}/disable"),
    "POST /v1/vouchers/{code}/enable": lambda w: w.answer("POST", f"/v1/vouchers/{w.engine.voucher()}/enable"),
    "GET /v1/vouchers/{code}/transactions": lambda w: w.answer("GET", transactions(w)),
}


def transactions(w: World) -> str:
    code = w.engine.voucher(GIFT)
    w.engine.post(f"/v1/vouchers/{code}/balance", {"amount": -5})
    return f"/v1/vouchers/{code}/transactions"


@pytest.fixture(scope="module")
def world(server: Server, keys: dict[str, str]) -> Any:
    with Engine(server.port, keys) as engine:
        yield World(engine, json.loads((server.data / "credentials.json").read_text())["integration"])


@pytest.mark.parametrize("operation", full_operations())
def test_a_success_is_as_described(world: World, operation: str) -> None:
    method, path = operation.split()
    answer = SUCCESSES[operation](world)
    assert answer.status_code < 300, answer.text
    body = answer.json() if answer.content else None
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
    elif operation == "GET /v1/categories":  # takes nothing that could be wrong, but the key
        answer = world.engine.http.get(path)
    else:
        body: Any = [] if method in ("POST", "PUT") else None
        answer = world.answer(method, wrong, body, params={"limit": 0} if method == "GET" else {})
    assert 400 <= answer.status_code < 500, answer.text
    assert [error.message for error in OAS31Validator(ERROR).iter_errors(answer.json())] == []
    assert answer.json()["code"] == answer.status_code
