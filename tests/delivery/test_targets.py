"""Where nobody may make us send: judged by the address that a name leads to, at the moment of the connection."""

import socket

import pytest

from largesse.delivery.targets import Resolver, TargetRefused
from largesse.domain.targets import is_public, url_fault

PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "2606:2800:220:1::1",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
]
PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "100.100.100.200",
    "169.254.169.254", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.5", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2001::1",
    "100::1", "3fff::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "",  "example.com", "1.2.3",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_on_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_only_we_can_reach_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "[::1]", "[::ffff:7f00:1]"],
)
def test_a_url_that_shows_it_is_refused_at_once_in_every_spelling(host: str) -> None:
    assert url_fault(f"http://{host}/hook", allow_private=False) == "must not be a private or local address"
    assert url_fault(f"http://{host}/hook", allow_private=True) is None


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "example.com", "http://", "http://a:b@example.com/", "http://example.com:0/", "http://[::1",
     "http://example.com/ä", "http://example.com/a b", "http://example.com/\r\nHost: x", "https://e.com/" + "x" * 2048],
)  # fmt: skip
def test_what_is_no_url_to_post_to_is_refused(url: str) -> None:
    assert url_fault(url, allow_private=True) is not None


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "0177.1", "localhost", "::1", "::ffff:127.0.0.1"]
)
async def test_no_spelling_resolves_to_a_private_address(host: str) -> None:
    resolver = Resolver(allow_private=False)
    with pytest.raises((TargetRefused, OSError)):
        await resolver.resolve(host, 80)
    resolver.close()


async def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", (address, port)) for address in ("8.8.8.8", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    resolver = Resolver(allow_private=False)
    with pytest.raises(TargetRefused, match=r"10\.0\.0\.7"):
        await resolver.resolve("rebinding.test", 443)
    resolver.close()


async def test_private_addresses_may_be_allowed() -> None:
    resolver = Resolver(allow_private=True)
    assert ("127.0.0.1", 80) in {(found.host, found.port) for found in await resolver.resolve("localhost", 80)}
    resolver.close()
