"""Which addresses a request of the server itself may go to."""

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
