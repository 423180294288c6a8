from largesse.domain.errors import MalformedJson, MethodNotAllowed, NotFound, PayloadTooLarge, Unauthorized
from largesse.wire.errors import render_error


def test_an_error_has_the_documented_fields_and_no_others() -> None:
    assert render_error(NotFound.of("products_collection", "x"), "v-1") == {
        "code": 404,
        "key": "not_found",
        "message": "Resource not found",
        "details": "Cannot find products collection with id x",
        "request_id": "v-1",
        "resource_id": "x",
        "resource_type": "products_collection",
    }
    assert render_error(Unauthorized(), "v-1") == {
        "code": 401,
        "key": "unauthorized",
        "message": "Unauthorized",
        "request_id": "v-1",
    }
    assert "key" not in render_error(MethodNotAllowed("PUT", ("GET", "POST")), "v-1")


def test_two_errors_have_the_shape_of_the_contracts_framework() -> None:
    assert render_error(MalformedJson(), "v-1") == {
        "statusCode": 400,
        "error": "Bad Request",
        "message": "Invalid request payload JSON format",
    }
    assert render_error(PayloadTooLarge(10_485_760), "v-1") == {
        "statusCode": 413,
        "error": "Request Entity Too Large",
        "message": "Payload content length greater than maximum allowed: 10485760",
    }
