"""Which addresses a request may go to that somebody else chose the address of."""

from __future__ import annotations

import ipaddress

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NEVER = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/96",  # IPv4-compatible, long deprecated
        "64:ff9b:1::/48",  # NAT64 of a local network (RFC 8215)
        "2001::/32",  # Teredo, which carries an IPv4 address
        "2002::/16",  # 6to4, which carries an IPv4 address
        "fec0::/10",  # site-local, long deprecated
    )
)

_OWN = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",  # carriers' networks, and those that span machines of one owner
        "fc00::/7",
    )
)
_METADATA = frozenset(ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200"))
"""Where clouds tell a machine its credentials, as far as those addresses are not link-local ones."""


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet. IPv4 addresses within IPv6 ones count as what they are."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is not None:
            return is_public(str(address.ipv4_mapped))
        if address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)))
        if any(address in network for network in _NEVER):
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def is_own_network(text: str) -> bool:
    """Whether an address belongs to a private network, such as that of an office. This machine, its neighbours on the
    link, and where a cloud tells credentials do not count."""
    address = _plain(text)
    if address is None or address in _METADATA:
        return False
    return any(address.version == network.version and address in network for network in _OWN)


def is_loopback(text: str) -> bool:
    """Whether an address is this machine's own."""
    address = _plain(text)
    return address is not None and address.is_loopback


def _plain(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, an IPv4 one if that is what an IPv6 one stands for; None for what is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        return None if address.scope_id is not None else address.ipv4_mapped or address
    return address
