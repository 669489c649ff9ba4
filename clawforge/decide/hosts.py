"""Which host a URL names, and whether an address is private.

Programs disagree about odd URLs, and whoever checks one reading while the tool follows another is fooled. So
only URLs that every parser reads alike name a host; all others name none, and where a rule limits the network
that is refused. The syntax is RFC 3986 with the host rules of the WHATWG URL standard (numeric IPv4
addresses, IDNA).
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

_LONGEST_URL = 8192
_URL = re.compile(r"(?:https?|wss?)://([^/?#]+)(?:[/?#]|\Z)", re.IGNORECASE | re.ASCII)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
_USERINFO = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%-]*\Z")
_PORT = re.compile(r"(?::([0-9]{0,5}))?\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
_IPV4_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_READ_DIFFERENTLY = frozenset("\xdf\u03c2\u200c\u200d")
"""Characters that IDNA 2003 and 2008 map to different hosts."""

_PRIVATE = tuple(
    ipaddress.ip_network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/8",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    ]
)
"""IANA's special-purpose registries for IPv4 and IPv6, multicast and reserved space."""

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PRIVATE_SUFFIXES = frozenset(
    ["localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "test"]
)


def host_of(url: object) -> str | None:
    """The host of an http, https, ws or wss URL: lower case, ASCII, without a trailing dot; IPv4 addresses in
    dotted decimal, IPv6 addresses compressed and without brackets or zone, those that stand for an IPv4
    address as that.

    None for anything else: other schemes and relative references, backslashes, white space and control
    characters, escapes in the host, addresses that are octal to some and decimal to others, names that IDNA
    versions map differently.
    """
    if not isinstance(url, str) or len(url) > _LONGEST_URL or _UNSAFE.search(url):
        return None
    match = _URL.match(url)
    if match is None:
        return None
    userinfo, _, rest = match[1].rpartition("@")
    if not _USERINFO.match(userinfo):
        return None
    if rest.startswith("["):
        literal, bracket, port = rest[1:].partition("]")
        return _ipv6(literal) if bracket and _valid_port(port) else None
    name, colon, port = rest.partition(":")
    return _host_name(name) if _valid_port(colon + port) else None


def _valid_port(text: str) -> bool:
    match = _PORT.match(text)
    return match is not None and int(match[1] or 0) < 65536


def _ipv6(text: str) -> str | None:
    address = text.partition("%")[0]
    try:
        parsed = ipaddress.IPv6Address(address)
    except ValueError:
        return None
    return str(parsed.ipv4_mapped or parsed.compressed)


def _host_name(text: str) -> str | None:
    if "%" in text or not _READ_DIFFERENTLY.isdisjoint(text):
        return None
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        return None
    if _IPV4_NUMBER.match(labels[-1]):
        readings = ipv4_readings(name)
        return str(readings[0]) if len(readings) == 1 else None
    return name


def ipv4_readings(text: str) -> list[ipaddress.IPv4Address]:
    """The addresses that programs take a numeric host for, without repetition.

    One to four numbers, of which the last fills what is left (`127.1`); hexadecimal with `0x`; with a leading
    zero octal to most and decimal to some.
    """
    parts = text.split(".")
    if not 1 <= len(parts) <= 4 or not all(_IPV4_NUMBER.match(part) for part in parts):
        return []
    found: dict[int, None] = {}
    for octal in (True, False):
        numbers = [_number(part, octal) for part in parts]
        if any(number is None for number in numbers):
            continue
        *heads, last = [number or 0 for number in numbers]
        if all(head < 256 for head in heads) and last < 256 ** (4 - len(heads)):
            value = last + sum(head << (8 * (3 - at)) for at, head in enumerate(heads))
            found[value] = None
    return [ipaddress.IPv4Address(value) for value in found]


def _number(text: str, octal: bool) -> int | None:
    if len(text) > 40:
        return None
    if text[:2].lower() == "0x":
        return int(text[2:] or "0", 16)
    if octal and len(text) > 1 and text[0] == "0":
        return int(text, 8) if not set(text) & {"8", "9"} else None
    return int(text)


@lru_cache(maxsize=4096)
def is_private_address(host: str) -> bool:
    """Whether a host is this machine or on a private network, by its address or by its name.

    Addresses in any spelling that some program accepts, IPv4 addresses inside of IPv6 addresses (mapped,
    compatible, 6to4, Teredo, NAT64), metadata services, shared and reserved space, multicast. Names that
    never leave a network: `localhost`, `*.local`, `*.internal` and their kin, and names without a dot.

    A public name may resolve to a private address; that cannot be known here, since nothing is looked up.
    Whoever opens the connection must check the address that it got.
    """
    name = host.strip().lower().removesuffix(".").strip("[]")
    if ":" in name:
        try:
            return _is_private_v6(ipaddress.IPv6Address(name.partition("%")[0]))
        except ValueError:
            return True
    readings = ipv4_readings(name)
    if readings:
        return any(_in_private(address) for address in readings)
    return "." not in name or name.rpartition(".")[2] in _PRIVATE_SUFFIXES or name.endswith(".home.arpa")


def _is_private_v6(address: ipaddress.IPv6Address) -> bool:
    inner = address.ipv4_mapped or address.sixtofour
    if inner is not None:
        return _in_private(inner)
    if address in _NAT64:
        return _in_private(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return _in_private(address)


def _in_private(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address.version == network.version and address in network for network in _PRIVATE)
