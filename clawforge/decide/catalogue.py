"""What a host's tools are called: names, aliases, groups and profiles. Data, kept on our side, per host and
version.

The names of tools are OpenClaw's everywhere; another host's own names are aliases of them. The set is open:
plugins and MCP servers bring names that no catalogue knows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from clawforge.decide.facets import NO_FACETS, UNKNOWN_TOOL, CatalogueFile, Facets
from clawforge.decide.names import PLUGINS
from clawforge.errors import InputError

DEFAULT_HOST = "openclaw"
MCP_PREFIX = "mcp__"
"""Canonical names of tools of MCP servers: `mcp__<server>__<tool>`."""

_FOLDER = Path(__file__).parent / "catalogues"
_GROUP = "group:"


class Catalogue:
    """One host's names. Immutable.

    `groups` and `aliases` are as people write them (`group:fs`, `bash`); `group:openclaw` is every core tool,
    and `group:plugins` stays symbolic: it expands to itself. `versions` is the range of host versions that
    the data is for.
    """

    __slots__ = (
        "_facets",
        "_folded",
        "_profiles",
        "_separator",
        "aliases",
        "groups",
        "host",
        "tools",
        "versions",
    )

    def __init__(self, data: CatalogueFile) -> None:
        self.host = data.host
        self.versions = data.versions
        grouped = {_GROUP + name: tuple(sorted(members)) for name, members in data.groups.items()}
        self.tools = frozenset(data.ungrouped).union(*grouped.values())
        grouped["group:openclaw"] = tuple(sorted(self.tools))
        grouped[PLUGINS] = (PLUGINS,)
        self.groups: Mapping[str, tuple[str, ...]] = MappingProxyType(grouped)
        self.aliases: Mapping[str, str] = MappingProxyType(dict(data.aliases))
        self._separator = data.mcp_separator
        self._facets = dict(data.facets)
        self._folded = {folded(alias): tool for alias, tool in data.aliases.items()}
        self._folded.update((folded(tool), tool) for tool in self.tools)
        self._profiles = {
            name: None if members is None else self.expand_all(members) for name, members in data.profiles.items()
        }

    def canonical_name(self, tool: str) -> str:
        """The name that policies use for a tool that the host calls `tool`; its own name if nothing is known
        of it."""
        alias = self.aliases.get(tool)
        if alias is not None:
            return alias
        separator = self._separator
        if separator and tool not in self.tools and not tool.startswith(MCP_PREFIX):
            server, found, rest = tool.partition(separator)
            if found and server and rest:
                return f"{MCP_PREFIX}{server}__{rest}"
        return tool

    def lookalike(self, tool: str) -> str | None:
        """The core tool that a name could be taken for: it or its alias in another case, width or white
        space."""
        return self._folded.get(folded(tool))

    def expand(self, pattern: str) -> tuple[str, ...]:
        """A pattern as patterns without groups and aliases, sorted. Nothing for a group that does not
        exist."""
        if pattern.startswith(_GROUP):
            return self.groups.get(pattern, ())
        if pattern.endswith("*"):
            stem = pattern[:-1]
            canonical = self.canonical_name(f"{stem}x")
            return (f"{canonical[:-1]}*",) if canonical.startswith(MCP_PREFIX) else (pattern,)
        return (self.canonical_name(pattern),)

    def expand_all(self, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Every pattern of a list, expanded; sorted and without repetition."""
        return tuple(sorted({name for pattern in patterns for name in self.expand(pattern)}))

    def profile(self, name: str) -> tuple[str, ...] | None:
        """The patterns that a profile allows; None for no limit. Raises InputError for a profile that does
        not exist."""
        try:
            return self._profiles[name]
        except KeyError:
            raise InputError(
                f"The catalogue of {self.host} has no profile {name!r}.",
                hint=f"Profiles: {', '.join(sorted(self._profiles))}.",
            ) from None

    def facets(self, tool: str) -> Facets:
        """What the parameters of a tool mean, by the host's own name for it or by its canonical one."""
        known = self._facets.get(tool)
        if known is None and tool not in self.tools:
            name = self.lookalike(tool) or self.canonical_name(tool)
            known = self._facets.get(name)
            if known is None and name not in self.tools:
                return UNKNOWN_TOOL
        return known or NO_FACETS


def folded(name: str) -> str:
    """A name without what the eye cannot see or a careless host ignores: case, width, white space, dashes,
    format characters. Only for refusing: two tools may share it."""
    if name.isascii() and name.isidentifier():
        return name.lower()
    plain = unicodedata.normalize("NFKC", name).casefold().replace("-", "_")
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Mn"})


def hosts() -> tuple[str, ...]:
    """The hosts that there are catalogues for, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


def catalogue(host: str = DEFAULT_HOST, version: str | None = None) -> Catalogue:
    """The catalogue of a host, always the same object.

    There is one for all versions so far. A version outside of its range gets it too: names that it lacks
    count as plugins' tools. Raises InputError for a host that we know nothing about.
    """
    return _catalogue(host)


@lru_cache(maxsize=16)
def _catalogue(host: str) -> Catalogue:
    return Catalogue(_read(host))


def _read(host: str) -> CatalogueFile:
    if host not in hosts():
        raise InputError(f"There is no tool catalogue for the host {host!r}.", hint=f"Hosts: {', '.join(hosts())}.")
    data = CatalogueFile.model_validate_json((_FOLDER / f"{host}.json").read_bytes())
    if data.extends is None:
        return data
    parent = _read(data.extends)
    return data.model_copy(
        update={
            "groups": {**parent.groups, **data.groups},
            "ungrouped": (*parent.ungrouped, *data.ungrouped),
            "aliases": {**parent.aliases, **data.aliases},
            "profiles": {**parent.profiles, **data.profiles},
            "facets": {**parent.facets, **data.facets},
        }
    )
