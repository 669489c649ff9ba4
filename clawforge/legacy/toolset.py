"""Which tools an old plugin may let through, in the only words that it has: exact names.

Its own tables of groups and aliases are old and it knows no patterns, so a list here holds every name a tool has on the
host, in lower case, as the plugin compares them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from clawforge.decide.catalogue import MCP_PREFIX, Catalogue
from clawforge.decide.names import NameMatcher, NamePattern
from clawforge.effective import Rules
from clawforge.resource.policy import ExecMode, PrivateAddresses

_SEPARATOR = re.compile("(?<![-_])[-_](?![-_])")
"""One alone: two of them part a server from its tool."""
_MOST_SEPARATORS = 5


@dataclass(frozen=True, slots=True)
class ToolSet:
    """`allow` None: every tool that is not denied, also those that nobody knows yet."""

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()

    def meet(self, other: ToolSet) -> ToolSet:
        """What both let through."""
        deny = self.deny | other.deny
        if self.allow is None or other.allow is None:
            allow = other.allow if self.allow is None else self.allow
        else:
            allow = self.allow & other.allow
        return ToolSet(allow if allow is None else allow - deny, deny)

    @property
    def is_empty(self) -> bool:
        """Nothing is let through. An empty list means everything to the plugin, so this cannot be a list."""
        return self.allow is not None and not self.allow


def tool_set(rules: Rules, catalogue: Catalogue) -> ToolSet:
    """The tools of which no call could be refused, or would need a person.

    What a call is about decides nothing for the plugin, so a tool goes as a whole when a rule on commands, paths,
    addresses or MCP servers could refuse some call of it.
    """
    judge = _Judge(rules, catalogue)
    core = frozenset(tool for tool in catalogue.tools if judge.passes(tool))
    refused = catalogue.tools - core
    named = {text for text in (*rules.tools.deny, *rules.tools.ask) if not _is_open(text)}
    deny = frozenset(dashed(spelled(catalogue, refused | named)))
    if rules.tools.allow is None and not judge.refuses_strangers:
        return ToolSet(None, deny)
    written = [] if rules.tools.allow is None else [text for text in rules.tools.allow if not _is_open(text)]
    strangers = {name for name in written if name not in catalogue.tools and judge.passes(name)}
    # The plugin ignores case: what is allowed in capital letters only must not be allowed in small ones.
    allow = spelled(catalogue, core | {name for name in strangers if name == _plain(name)})
    return ToolSet(frozenset(allow) - deny, deny)


def spelled(catalogue: Catalogue, tools: Iterable[str]) -> set[str]:
    """Every name that these tools have on the host, as the plugin compares them."""
    wanted = set(tools)
    found = {_plain(tool) for tool in wanted}
    found |= {_plain(alias) for alias, tool in catalogue.aliases.items() if tool in wanted}
    for tool in wanted:
        server, split, rest = tool.removeprefix(MCP_PREFIX).partition("__")
        if tool.startswith(MCP_PREFIX) and split:
            found.add(_plain(f"{server}__{rest}"))
    return found


def dashed(names: Iterable[str]) -> set[str]:
    """The names with `-` and `_` in one another's place as well, as hosts and careless models do: only for denying.

    Of a name with many of them, all of one kind and all of the other.
    """
    found: set[str] = set()
    for name in names:
        found.add(name)
        parts = _SEPARATOR.split(name)
        if len(parts) - 1 <= _MOST_SEPARATORS:
            found.update(_joined(parts, marks) for marks in product("-_", repeat=len(parts) - 1))
        else:
            found.update(mark.join(parts) for mark in "-_")
    return found


def _joined(parts: list[str], marks: tuple[str, ...]) -> str:
    return "".join(part + mark for part, mark in zip(parts, (*marks, ""), strict=True))


class _Judge:
    """Whether any call of a tool could be refused."""

    def __init__(self, rules: Rules, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        core = catalogue.tools
        self._allow = None if rules.tools.allow is None else NameMatcher(rules.tools.allow, core)
        self._refused = NameMatcher((*rules.tools.deny, *rules.tools.ask), core)
        self._commands = rules.exec.mode is not ExecMode.FULL or bool(rules.exec.deny)
        self._reading = bool(rules.paths.deny) or rules.paths.workspace_only
        self._writing = self._reading or bool(rules.paths.read_only)
        network = rules.network
        self._network = (
            network.allow is not None or bool(network.deny) or network.private_addresses is not PrivateAddresses.ALLOW
        )
        self._mcp = rules.mcp.allow is not None or bool(rules.mcp.deny)
        self._open = any(_is_open(text) for text in (*rules.tools.deny, *rules.tools.ask))

    @property
    def refuses_strangers(self) -> bool:
        """Whether a tool that the catalogue does not know could be refused: only a list of the others can say that."""
        return (
            bool(self._refused.unknown_groups)
            or self._open
            or self._commands
            or self._writing
            or self._network
            or self._mcp
        )

    def passes(self, tool: str) -> bool:
        """No call of it is refused, and none needs a person. A group that nobody knows may mean any tool."""
        if (
            self._refused.unknown_groups
            or self._refused.find(tool) is not None
            or (self._allow is not None and self._allow.find(tool) is None)
        ):
            return False
        facets = self._catalogue.facets(tool)
        runs = facets.command or facets.code is not None or facets.guessed
        writes = runs or facets.paths == "write"
        return not (
            (self._commands and runs)
            or (self._writing and writes)
            or (self._reading and facets.paths is not None)
            or (self._network and (runs or facets.urls))
            or (self._mcp and tool.startswith(MCP_PREFIX))
        )


def _is_open(text: str) -> bool:
    """Means names that nobody can list; a group that was not expanded is one as well."""
    pattern = NamePattern.parse(text)
    return pattern is None or pattern.open


def _plain(name: str) -> str:
    return name.strip().lower()
