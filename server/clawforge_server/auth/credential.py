"""A token or session as requests are checked against it."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from clawforge.access.permission import EVERYTHING
from clawforge_server.store.records import SessionRecord, TokenRecord

PLUGIN_METHOD = "enrollment"
"""How an old plugin that enrolled got its session."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Credential:
    """What is kept in memory about a valid one.

    `org` None is the server's owner's. It is good until `until`; what is made with it may not outlive `bound`. `maker`
    is who answers for it besides its holder. `instance` is the machine of the old plugin that holds it.
    """

    id: str
    org: str | None
    holder: str
    scopes: tuple[str, ...]
    networks: tuple[Network, ...] = ()
    claims: tuple[str, ...] = ()
    until: dt.datetime | None = None
    bound: dt.datetime | None = None
    maker: str = ""
    instance: str | None = None


def of_token(token: TokenRecord) -> Credential:
    """An API key, or the owner's token."""
    return Credential(
        id=token.id,
        org=token.org,
        holder=token.holder,
        scopes=token.scopes,
        networks=parse_networks(token.networks),
        until=token.expires_at,
        bound=token.expires_at,
        maker=token.created_by,
    )


def of_session(session: SessionRecord) -> Credential:
    """A session. What a person makes in one outlives it; a pipeline's session, which nobody prolongs, bounds it. That
    of a plugin that enrolled is good for the plugin's own requests: whoever gave it the token gave away no rights."""
    return Credential(
        id=session.id,
        org=session.org,
        holder=session.holder,
        scopes=() if session.method == PLUGIN_METHOD else (EVERYTHING,),
        claims=session.claims,
        until=min(session.access_expires_at, session.expires_at),
        bound=session.expires_at if session.refresh_sha256 is None else None,
        instance=session.instance,
    )


def is_part(inner: Network, outer: Network) -> bool:
    """Whether every address of one network lies in another; an IPv4 and an IPv6 network share none."""
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


@lru_cache(maxsize=4_096)
def parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks in CIDR form."""
    return tuple(ipaddress.ip_network(text) for text in texts)


def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether a client's address lies in one of the networks; everywhere does if there are none.

    An IPv4 address that is written as IPv6 counts as what it is. What is no address lies nowhere.
    """
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)
