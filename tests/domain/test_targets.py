"""Where a URL may lead, by properties: tests/delivery/test_targets.py has the tables."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from largesse.domain.targets import URL_CHARACTERS_MAX, is_public, url_fault

PRIVATE = "must not be a private or local address"


@given(st.ip_addresses(v=4))
def test_an_address_of_version_4_is_judged_alike_however_version_6_carries_it(address: IPv4Address) -> None:
    number = int(address)
    carried = [
        IPv6Address(0xFFFF << 32 | number),  # mapped
        IPv6Address(0x64FF9B << 96 | number),  # NAT64
        IPv6Address(0x2002 << 112 | number << 80),  # 6to4
    ]
    assert {is_public(str(one)) for one in carried} == {is_public(str(address))}


@given(
    st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10",
                     "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "fc00::/7", "fe80::/10", "ff00::/8", "2001:db8::/32",
                     "::/96"]),
    st.integers(0, 2**128 - 1),
)  # fmt: skip
def test_nothing_in_a_network_without_a_public_is_public(network: str, number: int) -> None:
    inside = ip_network(network)
    address = inside[number % inside.num_addresses]
    assert not is_public(str(address))


@given(st.integers(0, 2**32 - 1))
def test_a_number_for_a_host_is_an_address_and_no_name(number: int) -> None:
    """Programs that open connections read these spellings as addresses; nothing public is ever spelt so."""
    for host in (str(number), hex(number)):
        assert url_fault(f"http://{host}/", allow_private=False) == PRIVATE


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "localhost.", "api.localhost", "API.LocalHost.", "10.0.0.1", "10.0.0.1.", "[fd00::1]",
     "[fe80::1]", "0x7f.1", "127.0.0.0x1", "1.2.3"],
)  # fmt: skip
def test_local_names_and_addresses_are_private(host: str) -> None:
    assert url_fault(f"https://{host}/", allow_private=False) == PRIVATE
    assert url_fault(f"https://{host}/", allow_private=True) is None


@pytest.mark.parametrize(
    "host",
    ["shop.example", "localhost.example", "notlocalhost", "10.0.0.1.example", "8.8.8.8", "[2606:2800:220:1::1]",
     "a1.example", "example.0a"],
)  # fmt: skip
def test_a_name_of_the_internet_is_no_address(host: str) -> None:
    assert url_fault(f"https://{host}/", allow_private=False) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://shop.example/" + "x" * URL_CHARACTERS_MAX, "must not have more than 2048 characters"),
        ("https://shop.example/ü", "must be a URL of ASCII characters without spaces"),
        ("https://shop.example/a b", "must be a URL of ASCII characters without spaces"),
        ("https://shop.example/\x00", "must be a URL of ASCII characters without spaces"),
        ("ftp://shop.example/", "must be a URL that starts with http:// or https://"),
        ("//shop.example/", "must be a URL that starts with http:// or https://"),
        ("https:///path", "must be a URL that starts with http:// or https://"),
        ("https://shop.example:0/", "must be a URL that starts with http:// or https://"),
        ("https://shop.example:65536/", "must be a URL"),
        ("https://shop.example:x/", "must be a URL"),
        ("https://me@shop.example/", "must not hold a name or password: send them in a header"),
        ("https://me:secret@10.0.0.1/", "must not hold a name or password: send them in a header"),
    ],
)
def test_a_fault_of_a_url_is_told_in_its_own_words(url: str, words: str) -> None:
    assert url_fault(url, allow_private=False) == words


def test_the_longest_url_is_one() -> None:
    url = "https://shop.example/"
    assert url_fault(url + "x" * (URL_CHARACTERS_MAX - len(url)), allow_private=False) is None


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    url_fault(text, allow_private=False)
    url_fault(f"http://{text}/", allow_private=False)
    is_public(text)
