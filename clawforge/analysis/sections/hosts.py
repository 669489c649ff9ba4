"""Hosts: domain patterns form a tree, so finitely many hosts stand for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair, united
from clawforge.decide.domains import DomainMatcher
from clawforge.decide.facets import Facets
from clawforge.decide.hosts import host_of, is_private_address
from clawforge.effective import EffectiveNetwork
from clawforge.resource.policy import PrivateAddresses

_ANY_HOST = "other-host.example.net"
_PRIVATE_HOSTS = ("10.1.2.3", "other-host")
_LABEL = "other"
_UNREADABLE = "https://"
"""An address of which nobody can say which host it names."""


def host_outcomes(before: EffectiveNetwork, after: EffectiveNetwork, facets: Facets) -> Outcomes:
    """The pairs of calls to a tool that reaches hosts."""
    if not facets.urls or (before == _OPEN and after == _OPEN):
        return FREE
    return united((*(() if facets.url_needed else (FREE,)), _host_outcomes(before, after)))


def hosts_within(rules: EffectiveNetwork, facets: Facets, patterns: tuple[str, ...]) -> Outcomes:
    """The levels of calls that reach a host which the patterns mean."""
    if not facets.urls:
        return {}
    wanted, side = DomainMatcher(patterns), _Hosts(rules)
    found: dict[Pair, Example] = {}
    for host in _hosts((*_patterns(rules), *patterns)):
        if wanted.find(host) is not None:
            level = side.level(host)
            found.setdefault((level, level), _example(host))
    return found


class _Hosts:
    """One side, compiled."""

    def __init__(self, rules: EffectiveNetwork) -> None:
        self._allow = None if rules.allow is None else DomainMatcher(rules.allow)
        self._deny = DomainMatcher(rules.deny)
        self._no_private = rules.private_addresses is PrivateAddresses.DENY
        self._limits = rules.allow is not None or bool(rules.deny) or self._no_private

    def level(self, host: str | None) -> Level:
        """The level of an address that names this host, None for one that names none for certain."""
        if host is None:
            return Level.DENY if self._limits else Level.ALLOW
        refused = (
            self._deny.find(host) is not None
            or (self._allow is not None and self._allow.find(host) is None)
            or (self._no_private and is_private_address(host))
        )
        return Level.DENY if refused else Level.ALLOW


_OPEN = EffectiveNetwork()


@lru_cache(maxsize=4096)
def _host_outcomes(before: EffectiveNetwork, after: EffectiveNetwork) -> Outcomes:
    sides = (_Hosts(before), _Hosts(after))
    found: dict[Pair, Example] = {}
    for host in _hosts((*_patterns(before), *_patterns(after))):
        found.setdefault((sides[0].level(host), sides[1].level(host)), _example(host))
    found.setdefault((sides[0].level(None), sides[1].level(None)), Example({"url": _UNREADABLE}))
    return found


def _patterns(rules: EffectiveNetwork) -> tuple[str, ...]:
    return (*(rules.allow or ()), *rules.deny)


def _hosts(patterns: Iterable[str]) -> Iterator[str]:
    """A host for each pattern, for what lies right at and below it, public and private, and for all others."""
    written = set(patterns)
    yield from (_ANY_HOST, *_PRIVATE_HOSTS)
    for pattern in sorted(written):
        domain = pattern.removeprefix("*.")
        candidates = (domain, f"{_LABEL}.{domain}") if pattern.startswith("*.") else (domain,)
        yield from (host for host in candidates if host_of(f"https://{host}/") == host)


def _example(host: str) -> Example:
    return Example({"url": f"https://{host}/"})
