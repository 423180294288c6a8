from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidPayload
from largesse.domain.projects import (
    CODES_PER_CAMPAIGN_CEILING,
    NAME_LENGTH_MAX,
    ORIGINS_MAX,
    Project,
    ProjectChanges,
    check_changes,
    check_origins,
)


def project(**changes: Any) -> Project:
    facts: dict[str, Any] = {"id": 1, "public_id": "proj_1", "name": "p"}
    return Project(**facts | changes)


@pytest.mark.parametrize(
    ("listed", "origin", "allowed"),
    [
        (["https://shop.example"], "https://shop.example", True),
        (["https://shop.example"], "HTTPS://Shop.Example", True),
        (["https://shop.example"], "http://shop.example", False),
        (["https://shop.example"], "https://shop.example:8443", False),
        (["https://shop.example"], "https://evil-shop.example", False),
        (["https://shop.example"], "https://shop.example.evil.example", False),
        (["https://shop.example"], "", False),
        (["https://shop.example"], "null", False),
        (["*"], "https://any.example", True),
        (["*"], "", True),
        ([], "https://shop.example", False),
        ([], "", False),
        ([], "*", False),
    ],
)
def test_a_page_may_call_when_its_origin_is_listed_to_the_letter(listed: list[str], origin: str, allowed: bool) -> None:
    assert project(client_origins=listed).allows_origin(origin) is allowed


@given(st.text())
def test_codes_that_are_told_apart_by_case_are_their_own_keys(code: str) -> None:
    assert project().code_key(code) == code


@given(st.text())
def test_folding_a_code_changes_the_letters_a_to_z_and_nothing_else(code: str) -> None:
    key = project(case_sensitive_codes=False).code_key(code)
    assert len(key) == len(code)
    assert all(
        folded == (letter.lower() if letter.isascii() else letter) for letter, folded in zip(code, key, strict=True)
    )
    assert project(case_sensitive_codes=False).code_key(key) == key


@pytest.mark.parametrize("code", ["\u0130I", "Ärger", "\u212a", "ΣΑΣ"])
def test_letters_whose_case_depends_on_a_language_are_kept(code: str) -> None:
    expected = code.replace("I", "i")
    assert project(case_sensitive_codes=False).code_key(code) == expected


@pytest.mark.parametrize(
    "origin",
    ["*", "https://shop.example", "http://localhost:8080", "https://[::1]:8443", "capacitor://localhost",
     "chrome-extension://abcdef", "https://xn--bcher-kva.example"],
)  # fmt: skip
def test_origins_of_browsers_and_of_apps_are_accepted(origin: str) -> None:
    assert check_origins([origin]) == [origin]


@pytest.mark.parametrize(
    "origin",
    ["", "shop.example", "https://", "https://shop.example/", "https://shop.example/a", "https://*.shop.example",
     "https://shop.example ", " https://shop.example", "https://shop.example\n", "https://a,https://b", "null",
     "//shop.example", "https://bücher.example", "1http://x", "https://u@shop.example", "https://" + "a" * 256],
)  # fmt: skip
def test_what_no_browser_sends_as_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(InvalidPayload, match=r"\.client_origins"):
        check_origins(["https://fine.example", origin])


def test_origins_are_kept_as_they_are_compared() -> None:
    stored = check_origins(["HTTPS://Shop.EXAMPLE:8443"])
    assert stored == ["https://shop.example:8443"]
    assert project(client_origins=stored).allows_origin("HTTPS://Shop.EXAMPLE:8443")


def test_there_is_a_number_of_origins() -> None:
    check_origins(["https://shop.example"] * ORIGINS_MAX)
    with pytest.raises(InvalidPayload, match="more than 100 items"):
        check_origins(["https://shop.example"] * (ORIGINS_MAX + 1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "n"},
        {"name": "n" * NAME_LENGTH_MAX},
        {"time_zone": "Europe/Warsaw"},
        {"time_zone": "UTC"},
        {"on_known_source_id": "replay"},
        {"on_known_source_id": "strict"},
        {"codes_per_campaign_max": 1},
        {"codes_per_campaign_max": CODES_PER_CAMPAIGN_CEILING},
        {"client_origins": []},
        {"client_publish": False, "publish_on_voucher_export": False, "details": {"a": 1}},
    ],
)
def test_what_fits_is_stored_as_it_came(changes: dict[str, Any]) -> None:
    assert check_changes(ProjectChanges(**changes)) == ProjectChanges(**changes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "n" * (NAME_LENGTH_MAX + 1)),
        ("time_zone", ""),
        ("time_zone", "Europe"),
        ("time_zone", "Nowhere/City"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", "/etc/localtime"),
        ("time_zone", "Europe/Warsaw\x00"),
        ("time_zone", "x" * 5_000),
        ("on_known_source_id", "REPLAY"),
        ("on_known_source_id", ""),
        ("codes_per_campaign_max", 0),
        ("codes_per_campaign_max", -1),
        ("codes_per_campaign_max", CODES_PER_CAMPAIGN_CEILING + 1),
        ("client_origins", ["x"]),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidPayload) as raised:
        check_changes(ProjectChanges(**{name: value}))
    assert str(raised.value).startswith(f"Property .{name} must ")
    assert len(str(raised.value)) < 300


def test_every_setting_that_cannot_be_is_told_at_once_and_none_is_changed() -> None:
    with pytest.raises(InvalidPayload) as raised:
        check_changes(
            ProjectChanges(
                name="", time_zone="x", on_known_source_id="y", codes_per_campaign_max=0, client_origins=[""]
            )
        )
    told = [fault.split(" ")[1] for fault in str(raised.value).split("; ")]
    assert told == [".name", ".time_zone", ".on_known_source_id", ".codes_per_campaign_max", ".client_origins"]
