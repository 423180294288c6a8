"""What may narrow a key, and from where it may call."""

import hashlib
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.errors import InvalidPayload
from largesse.domain.keys import (
    ALLOWED_IPS_MAX,
    KINDS,
    MANAGEMENT,
    PROJECT_KINDS,
    ROLES,
    SERVER,
    KeyLimits,
    check_limits,
    hash_token,
    is_allowed,
    networks_of,
)
from largesse.domain.tokens import SCOPES
from tests.domain.moments import NOON, TICK


def faults(kind: str = SERVER, **limits: Any) -> list[str]:
    with pytest.raises(InvalidPayload) as raised:
        check_limits(kind, KeyLimits(**limits), NOON)
    return str(raised.value).split("; ")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_a_key_that_is_not_narrowed_is_fine_in_every_role(kind: str, role: str) -> None:
    limits = KeyLimits(role=role)
    assert check_limits(kind, limits, NOON) is limits


@pytest.mark.parametrize("kind", PROJECT_KINDS)
def test_a_key_of_a_project_takes_every_scope(kind: str) -> None:
    check_limits(kind, KeyLimits(scopes=sorted(SCOPES)), NOON)


@pytest.mark.parametrize(
    ("kind", "limits", "words"),
    [
        (SERVER, {"role": "owner"}, "Property .role must be equal to one of the allowed values"),
        (SERVER, {"role": ""}, "Property .role must be equal to one of the allowed values"),
        (SERVER, {"scopes": []}, "Property .scopes must not be empty"),
        (SERVER, {"scopes": ["vouchers", "nope"]}, "nope is none"),
        (SERVER, {"scopes": ["Vouchers"]}, "Vouchers is none"),
        (MANAGEMENT, {"scopes": ["vouchers"]}, "not available for management keys"),
        (SERVER, {"allowed_ips": []}, "must have 1 to 100 items"),
        (SERVER, {"allowed_ips": ["10.0.0.1"] * (ALLOWED_IPS_MAX + 1)}, "must have 1 to 100 items"),
        (SERVER, {"allowed_ips": ["10.0.0.300"]}, "10.0.0.300 is neither"),
        (SERVER, {"allowed_ips": ["shop.example"]}, "shop.example is neither"),
        (SERVER, {"allowed_ips": ["10.0.0.1/8"]}, "10.0.0.1/8 is neither"),  # bits beyond the mask: which was meant?
        (SERVER, {"expires_at": NOON}, "must be in the future"),
        (SERVER, {"expires_at": NOON - TICK}, "must be in the future"),
    ],
)
def test_each_fault_is_told(kind: str, limits: dict[str, Any], words: str) -> None:
    (fault,) = faults(kind, **limits)
    assert words in fault


def test_all_faults_are_told_at_once() -> None:
    found = faults(MANAGEMENT, role="x", scopes=["nope"], allowed_ips=["a", "10.0.0.1", "b"], expires_at=NOON)
    assert [fault.split(" ")[1] for fault in found] == [
        ".role", ".scopes", ".scopes", ".allowed_ips", ".allowed_ips", ".expires_at",
    ]  # fmt: skip


def test_a_long_fault_is_quoted_by_its_beginning_only() -> None:
    (fault,) = faults(allowed_ips=["x" * 5_000])
    assert len(fault) < 300
    (fault,) = faults(scopes=["y" * 5_000])
    assert len(fault) < 300


def test_the_limits_themselves_are_within_them() -> None:
    check_limits(SERVER, KeyLimits(allowed_ips=["10.0.0.1"] * ALLOWED_IPS_MAX, expires_at=NOON + TICK), NOON)


def allowed(listed: list[str], address: str) -> bool:
    networks = networks_of(listed)
    assert networks is not None
    return is_allowed(networks, address)


@pytest.mark.parametrize(
    ("listed", "address", "expected"),
    [
        (["10.0.0.1"], "10.0.0.1", True),
        (["10.0.0.1"], "10.0.0.2", False),
        (["10.0.0.0/8"], "10.255.255.255", True),
        (["10.0.0.0/8"], "11.0.0.0", False),
        (["192.0.2.1", "10.0.0.0/8"], "10.1.1.1", True),
        (["10.0.0.0/8"], "::ffff:10.1.1.1", True),  # IPv4 seen through an IPv6 socket
        (["10.0.0.0/8"], "::ffff:11.1.1.1", False),
        (["2001:db8::/32"], "2001:db8:ffff::1", True),
        (["2001:db8::/32"], "2001:db9::", False),
        (["2001:db8::/32"], "10.0.0.1", False),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["0.0.0.0/0", "::/0"], "localhost", False),
        (["0.0.0.0/0", "::/0"], "", False),
        (["0.0.0.0/0", "::/0"], "10.0.0.1:80", False),
    ],
)
def test_a_caller_is_let_in_by_the_networks_it_is_in(listed: list[str], address: str, expected: bool) -> None:
    assert allowed(listed, address) is expected


def test_no_list_means_no_limit_and_an_empty_one_lets_nobody_in() -> None:
    assert networks_of(None) is None
    assert networks_of([]) == ()
    assert not is_allowed((), "10.0.0.1")


@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1))
def test_a_network_holds_the_addresses_that_begin_like_it(base: int, length: int, other: int) -> None:
    shift = 32 - length
    network = f"{IPv4Address(base >> shift << shift)}/{length}"
    expected = other >> shift == base >> shift
    assert allowed([network], str(IPv4Address(other))) is expected
    assert allowed([network], f"::ffff:{IPv4Address(other)}") is expected


@given(st.ip_addresses())
def test_an_address_lets_itself_in(address: IPv4Address | IPv6Address) -> None:
    assert allowed([str(address)], str(address))


@pytest.mark.parametrize(
    ("listed", "address", "expected"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1", True),  # as a caller copies it from a log
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1", True),
        ("::ffff:a00:1", "10.0.0.1", True),
        ("::ffff:10.0.0.0/104", "10.255.0.1", True),
        ("::ffff:10.0.0.0/104", "11.0.0.1", False),
        ("::ffff:0:0/96", "192.0.2.1", True),
        ("::ffff:0:0/96", "2001:db8::1", False),
    ],
)
def test_a_network_of_version_4_in_the_spelling_of_version_6_is_one_of_version_4(
    listed: str, address: str, expected: bool
) -> None:
    check_limits(SERVER, KeyLimits(allowed_ips=[listed]), NOON)
    assert allowed([listed], address) is expected


@given(st.text())
def test_of_any_token_a_hash_is_kept_which_differs_from_it(token: str) -> None:
    assert hash_token(token) == hashlib.sha256(token.encode()).digest()
    assert hash_token(token + "x") != hash_token(token)


def test_a_token_that_is_no_text_has_a_hash_too() -> None:
    assert len(hash_token("\ud800")) == 32
