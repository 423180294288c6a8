"""Our own description of the API, made from the routes: `/openapi.json` for programs, `/docs` for people."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute

from largesse import __version__
from largesse.domain.errors import (
    InvalidPayload,
    InvalidQueryParams,
    LargesseError,
    MalformedJson,
    NotAcceptable,
    PayloadTooLarge,
    QueryTooLarge,
    RequestTimeout,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    UnsupportedMediaType,
)
from largesse.http.docs_page import PAGE_HEADERS, render_page
from largesse.http.requests import respond
from largesse.http.routing import Route

_EVERYWHERE: Final = (Unauthorized, NotAcceptable, TooManyRequests, LargesseError, Unavailable)
_WITH_BODY: Final = (MalformedJson, InvalidPayload, PayloadTooLarge, RequestTimeout, UnsupportedMediaType)
_WITH_QUERY: Final = (InvalidQueryParams, QueryTooLarge)
_PARAMETER: Final = re.compile(r"{(\w+)}")
_STRING: Final = {"type": "string"}
_ERROR_SCHEMA: Final = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "integer", "description": "The HTTP status"},
        "key": {"type": "string", "description": "The error's name, for programs"},
        "message": _STRING,
        "details": _STRING,
        "request_id": {"type": "string", "description": "Also in the header X-Request-Id, and in the server's log"},
        "resource_id": {"type": "string", "description": "As the caller sent it"},
        "resource_type": _STRING,
    },
}
_STARTED: Final = {"type": "object", "required": ["async_action_id"], "properties": {"async_action_id": _STRING}}
_HEADER: Final = {"type": "apiKey", "in": "header"}
_KEY_SCHEMES: Final = {
    "AppId": {**_HEADER, "name": "X-App-Id"},
    "AppToken": {**_HEADER, "name": "X-App-Token"},
    "ClientId": {**_HEADER, "name": "X-Client-Application-Id"},
    "ClientToken": {**_HEADER, "name": "X-Client-Token"},
    "ManagementId": {**_HEADER, "name": "X-Management-Id"},
    "ManagementToken": {**_HEADER, "name": "X-Management-Token"},
}
_Security: TypeAlias = "list[dict[str, list[str]]]"
_SERVER: Final[_Security] = [{"AppId": [], "AppToken": []}]
_SECURITY: Final[dict[str, _Security]] = {
    "/v1/assets/": [],
    "/v1/": _SERVER,
    "/client/v1/": [{"ClientId": [], "ClientToken": []}],
    "/management/v1/": [{"ManagementId": [], "ManagementToken": []}],
}
"""By the beginning of a path; other paths aren't described."""


def describe(routes: Iterable[StarletteRoute]) -> dict[str, Any]:
    """The OpenAPI document."""
    documented = [route for route in routes if isinstance(route, Route) and route.path.startswith(tuple(_SECURITY))]
    types = [type_ for route in documented for type_ in (route.body, route.answer) if type_ is not None]
    schemas, components = msgspec.json.schema_components(
        types, schema_hook=_custom_schema, ref_template="#/components/schemas/{name}"
    )
    schema_of = {id(type_): schema for type_, schema in zip(types, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in sorted(documented, key=lambda route: route.path):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths[route.path][method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Largesse", "version": __version__},
        "security": _SERVER,
        "paths": paths,
        "components": {"schemas": {**components, "Error": _ERROR_SCHEMA}, "securitySchemes": _KEY_SCHEMES},
    }


def _custom_schema(type_: Any) -> dict[str, Any]:
    schema: dict[str, Any] = type_.json_schema
    return schema


def _operation(route: Route, schema_of: dict[int, dict[str, Any]]) -> dict[str, Any]:
    answer = {} if route.answer is None else schema_of[id(route.answer)]
    operation: dict[str, Any] = {
        # The resource's file and its function: `campaigns.create`. Function names alone repeat themselves.
        "operationId": f"{route.endpoint.__module__.rpartition('.')[2]}.{route.name.strip('_')}",
        "summary": _summary(route),
        "parameters": _parameters(route),
        "responses": {**_successes(route, answer), **_error_responses(route)},
    }
    if (security := _security(route)) != _SERVER:
        operation["security"] = security
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(schema_of[id(route.body)])}
    if route.form is not None:
        required = [name for name, field in route.form.items() if not field.get("nullable")]
        form = {"type": "object", "properties": route.form, "required": required}
        operation["requestBody"] = {"required": True, "content": {route.media: {"schema": form}}}
    return operation


def _successes(route: Route, answer: dict[str, Any]) -> dict[str, Any]:
    content: dict[int, dict[str, Any]] = {
        200: {"description": "Done", "content": _json(answer)},
        202: {"description": "Goes on in the background: see the async action", "content": _json(_STARTED)},
        204: {"description": "Done"},
    }
    return {str(status): content[status] for status in route.statuses}


def _security(route: Route) -> _Security:
    return next(security for prefix, security in _SECURITY.items() if route.path.startswith(prefix))


def _summary(route: Route) -> str:
    return (route.endpoint.__doc__ or route.name.replace("_", " ")).strip().partition("\n")[0]


def _parameters(route: Route) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": _STRING} for name in _PARAMETER.findall(route.path)
    ]
    return in_path + [_query_parameter(name, schema) for name, schema in route.query.items()]


def _query_parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    style = {"style": "deepObject", "explode": True} if schema.get("type") == "object" else {}
    return {"name": name, "in": "query", "schema": schema, **style}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _error_responses(route: Route) -> dict[str, Any]:
    by_status: dict[int, list[type[LargesseError]]] = defaultdict(list)
    with_body = _WITH_BODY if {"POST", "PUT"} & (route.methods or set()) else ()
    with_query = _WITH_QUERY if route.query else ()
    for error in (*_EVERYWHERE, *with_body, *with_query, *route.errors):
        by_status[error.status].append(error)
    return {
        str(status): {
            "description": "; ".join(_describe_error(error) for error in dict.fromkeys(errors)),
            "content": _json({"$ref": "#/components/schemas/Error"}),
        }
        for status, errors in sorted(by_status.items())
    }


def _describe_error(error: type[LargesseError]) -> str:
    message = (error.__doc__ or "").partition("\n")[0]
    return f"{error.key}: {message}" if error.key else message


def documentation_routes(routes: list[StarletteRoute]) -> list[Route]:
    """The two routes that describe `routes`; what they answer is made once, when first asked for."""

    @cache
    def document() -> dict[str, Any]:
        return describe(routes)

    async def openapi(_request: Request) -> Response:
        return respond(document())

    async def docs(_request: Request) -> Response:
        return Response(render_page(document()), media_type="text/html", headers=PAGE_HEADERS)

    return [Route("/openapi.json", openapi, methods=["GET"]), Route("/docs", docs, methods=["GET"])]
