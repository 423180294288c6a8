from typing import Any

import pytest

from largesse.domain.errors import InvalidPayload
from largesse.domain.keys import ADMIN, KeyLimits, ListedKey
from largesse.wire.keys import KeyInput, render_key
from largesse.wire.parse import convert
from tests.domain.moments import NOON


@pytest.mark.parametrize(
    ("sent", "limits"),
    [
        ({}, KeyLimits(role=ADMIN)),
        ({"role": None, "scopes": None, "allowed_ips": None, "expires_at": None}, KeyLimits(role=ADMIN)),
        ({"role": "viewer", "scopes": ["vouchers"]}, KeyLimits(role="viewer", scopes=["vouchers"])),
        ({"scopes": [], "allowed_ips": []}, KeyLimits(scopes=[], allowed_ips=[])),  # said, so judged: they are refused
        ({"expires_at": "2026-06-01T12:00:00Z"}, KeyLimits(expires_at=NOON)),
    ],
)
def test_what_narrows_a_key_is_what_was_said(sent: dict[str, Any], limits: KeyLimits) -> None:
    assert convert(sent, KeyInput).limits() == limits


@pytest.mark.parametrize("sent", [{"type": "management"}, {"role": "owner"}, {"allowed_ips": ["10.0.0.1"] * 101}])
def test_what_a_project_may_not_ask_for_is_refused(sent: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload):
        convert(sent, KeyInput)


def test_a_token_is_shown_only_where_it_has_just_been_made() -> None:
    key = ListedKey(
        app_id="a", kind="server", name="n", project="p", role="admin", scopes=None, allowed_ips=None, expires_at=None,
        last_used_at=None, created_at=NOON, revoked_at=None,
    )  # fmt: skip
    assert "app_token" not in render_key(key)
    assert render_key(key, "secret")["app_token"] == "secret"
    assert (render_key(key)["created_at"], render_key(key)["revoked_at"]) == ("2026-06-01T12:00:00.000Z", None)
