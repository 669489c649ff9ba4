"""Hosts: domain patterns form a tree, so finitely many hosts stand for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from clawforge.analysis.level import FREE, Example, Level, Outcomes, Pair, united
from clawforge.analysis.sections.unnamed import unnamed
from clawforge.decide.domains import DomainMatcher
from clawforge.decide.facets import Facets
from clawforge.decide.hosts import host_of, is_private_address
from clawforge.effective import EffectiveNetwork
from clawforge.resource.policy import PrivateAddresses

_ANY_HOST, _ANY_DOMAIN = "other-host.example.net", "other-example"
_PRIVATE_ADDRESS, _PRIVATE_NAME = "10.1.2.3", "other-host"
_LABEL = "other"
_NUMBERS = ("8", "10")
"""What addresses begin with, public and private ones."""
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
    means = DomainMatcher(written)
    yield from (_public(means), _PRIVATE_ADDRESS, unnamed(_PRIVATE_NAME, written.__contains__))
    for pattern in sorted(written):
        domain = pattern.removeprefix("*.")
        below = _below(domain, written) if pattern.startswith("*.") else ()
        yield from (host for host in (domain, *below) if host_of(f"https://{host}/") == host)


def _public(means: DomainMatcher) -> str:
    """A host that no pattern means."""
    if means.find(_ANY_HOST) is None:
        return _ANY_HOST
    return "other-host." + unnamed(_ANY_DOMAIN, lambda word: means.find(f"other-host.{word}") is not None)


def _below(domain: str, written: set[str]) -> Iterator[str]:
    """A host right below a domain that is not named itself; below numbers lie addresses."""
    yield unnamed(_LABEL, lambda word: f"{word}.{domain}" in written) + f".{domain}"
    missing = 4 - len(domain.split("."))
    if missing > 0 and domain.rpartition(".")[2].isdigit():
        yield from (".".join((*[number] * missing, domain)) for number in _NUMBERS)


def _example(host: str) -> Example:
    return Example({"url": f"https://{host}/"})
