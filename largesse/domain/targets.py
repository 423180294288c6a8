"""Addresses that we may send to (docs/semantics/webhook.md): a URL must not reach what only this machine can reach."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

URL_CHARACTERS_MAX: Final = 2_048
SCHEMES: Final = ("http", "https")

_GLOBAL_6: Final = ipaddress.ip_network("2000::/3")
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments: some clouds keep metadata there
        "168.63.129.16/32",  # a cloud's metadata under an address that looks public
        "192.88.99.0/24",  # relays into 6to4
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "3fff::/20",
    )
)


def is_public(address: str) -> bool:
    """Whether an address, in numbers, belongs to somebody on the internet.

    An IPv6 address that carries one of IPv4 (mapped, 6to4, NAT64) is judged by that one. Other text isn't public.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.scope_id is not None:
            return False
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(parsed.packed[-4:])
        if inner is not None:
            return is_public(str(inner))
        if parsed not in _GLOBAL_6:
            return False
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not parsed.is_reserved
        and not any(parsed in network for network in _REFUSED)
    )


def url_fault(url: str, *, allow_private: bool) -> str | None:
    """What is wrong with a URL to send to, as far as it shows without a name server; None when nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "must be a URL"
    name = parts.hostname or ""
    faults = {
        f"must not have more than {URL_CHARACTERS_MAX} characters": len(url) > URL_CHARACTERS_MAX,
        "must be a URL of ASCII characters without spaces": not url.isascii() or not url.isprintable() or " " in url,
        "must be a URL that starts with http:// or https://": parts.scheme not in SCHEMES or not name or port == 0,
        "must not hold a name or password: send them in a header": "@" in parts.netloc,
        "must not be a private or local address": not allow_private and _looks_private(name),
    }
    return next((words for words, holds in faults.items() if holds), None)


def _looks_private(host: str) -> bool:
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    last = name.rpartition(".")[2]
    # A last label of digits makes it an address, also in the spellings 2130706433, 0x7f.1 and 0177.0.0.1.
    is_number = ":" in name or last.isdecimal() or last.startswith("0x")
    return is_number and not is_public(name)
