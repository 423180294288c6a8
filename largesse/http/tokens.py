"""/v1/oauth: access tokens by client credentials. Only a key pair opens these, never a token."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from largesse.actions import tokens
from largesse.domain.errors import InvalidGrantType, InvalidScope, MissingParameters, TooManyTokens
from largesse.domain.tokens import LIFETIME_S, check_scopes
from largesse.http import bodies
from largesse.http.edge import INTEGRATION_KEYS, SERVER_KEYS
from largesse.http.requests import caller, exchange, respond, respond_empty, unit_of_work
from largesse.http.routing import Route
from largesse.wire.tokens import parse_form, render_introspection, render_token, sent_token

FORM: Final = ("application/x-www-form-urlencoded",)


async def issue(request: Request) -> Response:
    """Exchange a key pair for an access token of 15 minutes"""
    form = parse_form(await _read_form(request))
    scopes = check_scopes(form.get("grant_type"), form.get("scope"))
    async with unit_of_work(request) as scope:
        token, expires_at = await tokens.issue_token(scope, scopes, kind=caller(request).kind)
    app_id = caller(request).app_id
    return respond(render_token(token, app_id=app_id, scopes=scopes, expires_at=expires_at, expires_in=LIFETIME_S))


async def introspect(request: Request) -> Response:
    """Say whether an access token is alive, and what it opens"""
    token = sent_token(await _read_form(request))
    async with unit_of_work(request) as scope:
        found = await tokens.find_token(scope, token)
    return respond(render_introspection(token, found))


async def revoke(request: Request) -> Response:
    """Revoke an access token; 404 without a body when it isn't alive"""
    token = sent_token(await _read_form(request))
    async with unit_of_work(request) as scope:
        revoked = await tokens.revoke_token(scope, token)
    return respond_empty(204 if revoked else 404)


async def _read_form(request: Request) -> bytes:
    return await bodies.read_body(exchange(request), request.receive, allowed=FORM)


_KEYS: Final = SERVER_KEYS | INTEGRATION_KEYS
_TOKEN: Final = {"access_token": {"type": "string"}}

ROUTES = [
    Route(
        "/v1/oauth/token",
        issue,
        methods=["POST"],
        form={"grant_type": {"type": "string", "enum": ["client_credentials"]}, "scope": {"type": "string"}},
        errors=[InvalidGrantType, InvalidScope, MissingParameters, TooManyTokens],
        keys=_KEYS,
        writes=False,  # a token may no more than its key
    ),
    Route(
        "/v1/oauth/introspect",
        introspect,
        methods=["POST"],
        form=_TOKEN,
        errors=[MissingParameters],
        keys=_KEYS,
        writes=False,
    ),
    Route(
        "/v1/oauth/token/revoke",
        revoke,
        methods=["POST"],
        form=_TOKEN,
        statuses=[204],
        errors=[MissingParameters],
        keys=_KEYS,
        writes=False,
    ),
]
