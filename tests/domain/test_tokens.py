"""Which scopes open which paths, and which can be asked for."""

import pytest

from largesse.domain.errors import InvalidGrantType, InvalidScope, MissingParameters
from largesse.domain.tokens import check_scopes, opens


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        ("publications", "GET", "/v1/publications"),
        ("publications", "GET", "/v1/publications/create"),
        ("vouchers campaigns", "GET", "/v1/campaigns/x/vouchers"),
        ("product-collections", "GET", "/v1/product-collections"),
        ("api", "GET", "/v1/anything"),
        ("client_publish", "GET", "/client/v1/publish"),
        ("client_api", "GET", "/client/v1/vouchers/x"),
        ("events", "POST", "/v1/events"),
        ("event-log", "GET", "/v1/events"),
        ("distributions publications customers", "POST", "/v1/distributions/x/send"),
    ],
)
def test_a_scope_opens(scopes: str, method: str, path: str) -> None:
    assert opens(frozenset(scopes.split()), method, path)


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        ("", "GET", "/v1/publications"),
        ("vouchers", "GET", "/v1/publications"),
        ("products", "GET", "/v1/product-collections"),
        ("campaigns", "GET", "/v1/vouchers/campaigns"),
        ("api", "GET", "/client/v1/publish"),
        ("client_api", "GET", "/v1/publications"),
        ("client_publish", "GET", "/v1/publish"),
        ("publications", "GET", "/client/v1/publications"),
        ("api client_api", "GET", "/management/v1/projects"),
        ("events", "GET", "/v1/events"),
        ("event-log", "POST", "/v1/events"),
        ("distributions", "GET", "/v1/distributions/x/messages"),
        ("distributions publications", "POST", "/v1/distributions"),
    ],
)
def test_a_scope_does_not_open(scopes: str, method: str, path: str) -> None:
    assert not opens(frozenset(scopes.split()), method, path)


def test_scopes_are_taken_in_their_order_and_once() -> None:
    assert check_scopes("client_credentials", "vouchers  campaigns vouchers") == ["vouchers", "campaigns"]


@pytest.mark.parametrize("scope", ["vouchers,campaigns", "everything", "vouchers everything", " "])
def test_an_unknown_scope_is_named(scope: str) -> None:
    with pytest.raises(InvalidScope) as refusal:
        check_scopes("client_credentials", scope)
    assert refusal.value.message == f"Invalid scope: {scope}"


def test_another_grant_type_is_refused() -> None:
    with pytest.raises(InvalidGrantType):
        check_scopes("password", "api")


@pytest.mark.parametrize(("grant_type", "scope"), [(None, "api"), ("client_credentials", None), ("", ""), (None, None)])
def test_both_parameters_are_needed(grant_type: str | None, scope: str | None) -> None:
    with pytest.raises(MissingParameters):
        check_scopes(grant_type, scope)
