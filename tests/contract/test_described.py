"""What `/openapi.json` describes, asked in every way that schemathesis thinks of: no answer is a server's error, none has a status
that isn't described.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from largesse.http.openapi import describe
from largesse.http.routes import all_routes
from tests.acceptance.server import Server

pytestmark = pytest.mark.slow
EXAMPLES = 20
schema = schemathesis.openapi.from_dict(describe(all_routes()))


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_every_answer_is_as_described(case: "schemathesis.Case[Any]", server: Server, keys: dict[str, str]) -> None:
    headers = {"X-App-Id": keys["id"], "X-App-Token": keys["token"]}
    answer = case.call(base_url=f"http://127.0.0.1:{server.port}", headers=headers)
    absent = answer.status_code == 501 and answer.json()["key"] == "not_implemented"
    assert answer.status_code < 500 or absent, (case.as_curl_command(), answer.text)
    if case.method.lower() == case.operation.method.lower():  # it tries others too
        described = {int(status) for status in case.operation.definition.raw["responses"]}
        assert answer.status_code in {*described, 404, 501}, (case.as_curl_command(), answer.status_code)
