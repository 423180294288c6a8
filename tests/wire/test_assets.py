from base64 import b64decode, b64encode

import pytest

from largesse.domain.errors import NotFound
from largesse.wire.assets import AssetTokens

TOKENS = AssetTokens(b"a key of the installation")


def test_a_token_leads_back_to_its_voucher() -> None:
    assert TOKENS.read("qr", TOKENS.token("qr", 7, "v_abc")) == (7, "v_abc")


def test_a_token_is_the_same_every_time_so_that_browsers_can_cache() -> None:
    assert TOKENS.token("qr", 7, "v_abc") == TOKENS.token("qr", 7, "v_abc")


def test_a_token_shows_nothing_of_the_voucher() -> None:
    assert b"abc" not in b64decode(TOKENS.token("qr", 7, "v_abc"))


def test_a_changed_token_is_not_found() -> None:
    raw = bytearray(b64decode(TOKENS.token("qr", 7, "v_abc")))
    for place in range(len(raw)):
        changed = bytes(raw[:place]) + bytes([raw[place] ^ 1]) + bytes(raw[place + 1 :])
        with pytest.raises(NotFound):
            TOKENS.read("qr", b64encode(changed).decode())


@pytest.mark.parametrize("token", ["", "x", "ü", "AAAA", "!!!!"])
def test_what_was_never_a_token_is_not_found(token: str) -> None:
    with pytest.raises(NotFound):
        TOKENS.read("qr", token)


def test_a_token_of_another_kind_or_installation_is_not_found() -> None:
    token = TOKENS.token("qr", 7, "v_abc")
    with pytest.raises(NotFound):
        TOKENS.read("barcode", token)
    with pytest.raises(NotFound):
        AssetTokens(b"another key").read("qr", token)


def test_urls_carry_the_token_percent_encoded() -> None:
    assets = TOKENS.urls("https://codes.example.com/", 7)("v_abc")
    assert assets["qr"]["url"].startswith("https://codes.example.com/v1/assets/qr/")
    assert "/" not in assets["qr"]["url"].removeprefix("https://codes.example.com/v1/assets/qr/")
    assert assets["barcode"]["id"] != assets["qr"]["id"]
