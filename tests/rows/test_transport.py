"""Section 1: transport and authentication."""

import httpx
import pytest

from tests.rows.engine import Engine, P


@pytest.mark.row("A001", "A002", "A124")
def test_a_key_pair_opens_the_list(engine: Engine) -> None:
    answer = engine.get(P)
    assert {"object": "list", "data_ref": "publications"}.items() <= answer.items()
    assert isinstance(answer["total"], int)
    assert isinstance(answer["publications"], list)


@pytest.mark.row("A002")
@pytest.mark.parametrize("token", [None, "wrong"])
def test_no_or_a_wrong_token_is_unauthorized(engine: Engine, token: str | None) -> None:
    headers = {"X-App-Id": engine.keys["X-App-Id"]} | ({"X-App-Token": token} if token else {})
    answer = engine.http.get(P, headers=headers)
    assert (answer.status_code, answer.json()["key"]) == (401, "unauthorized")


@pytest.mark.row("A003")
def test_a_bearer_token_of_the_oauth_flow(engine: Engine) -> None:
    def token(scope: str) -> dict[str, str]:
        form = {"grant_type": "client_credentials", "scope": scope}
        given = engine.http.post("/v1/oauth/token", data=form, headers=engine.keys).json()
        assert given["expires_in"] == 900
        return {"Authorization": f"Bearer {given['access_token']}"}

    publications, vouchers = token("publications"), token("vouchers")
    assert engine.http.get(P, headers=publications).status_code == 200
    assert engine.http.get(P, headers=vouchers).status_code == 403
    form = {"access_token": publications["Authorization"].partition(" ")[2]}
    assert engine.http.post("/v1/oauth/token/revoke", data=form, headers=engine.keys).status_code == 204
    Engine.until(lambda: engine.http.get(P, headers=publications).status_code == 401)


@pytest.mark.row("A004")
def test_requests_and_answers_are_json(engine: Engine) -> None:
    answer = engine.answer("GET", P)
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    headers = {**engine.keys, "Content-Type": "application/json"}
    broken: httpx.Response = engine.http.post(P, content="{", headers=headers)
    assert broken.status_code == 400
    assert broken.json()["message"]
