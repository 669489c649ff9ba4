"""Tools and MCP servers: a name for every kind of tool that the lists tell apart, also of tools that do not exist yet.

The lists hold exact names and prefixes, so finitely many names stand for all: each name and prefix that is written,
what continues it, what looks like it, every tool of the host, and one that nobody mentions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from clawforge.analysis.level import Level
from clawforge.decide.call import Tool, tool_of
from clawforge.decide.catalogue import DEFAULT_HOST, MCP_PREFIX, catalogue, folded
from clawforge.decide.names import PLUGINS, NameMatcher, NamePattern
from clawforge.effective import EffectiveMcp, EffectiveTools

OTHER_TOOL = "other-tool"
"""Stands for every tool that no list and no catalogue names, unless a list names even this."""

_OTHER = "other"
_BETWEEN = "__"


@dataclass(frozen=True, slots=True)
class ToolKind:
    """One name that stands for all tools that the lists treat alike; `label` says so to people. A `lookalike` is a tool
    that could be taken for another one."""

    name: str
    label: str
    lookalike: bool = False

    @property
    def tool(self) -> Tool:
        """What is known about the name."""
        return tool_of(DEFAULT_HOST, self.name)


@dataclass(frozen=True, eq=False)
class ToolRules:
    """The tools and MCP servers of one side, compiled; levels are remembered by name. Each is equal to itself alone:
    `tool_rules` makes one for equal lists, and comparing the lists again would cost more than what is remembered."""

    tools: EffectiveTools
    mcp: EffectiveMcp
    _known: dict[str, Level] = field(default_factory=dict, compare=False, repr=False)

    def level(self, kind: ToolKind) -> Level:
        """How freely the tool may be called as far as its name goes: `ToolsJudge` and `McpJudge` without words."""
        known = self._known.get(kind.name)
        if known is None:
            known = self._of_host.get(kind.name)
        if known is None:
            known = self._known[kind.name] = self._judged(kind.tool)
        return known

    @cached_property
    def _of_host(self) -> Mapping[str, Level]:
        """The levels of the names that every side tells apart, also in the other spelling."""
        return _levels_of_host(_about_host(self.tools), self.mcp)

    @cached_property
    def kinds(self) -> Mapping[str, ToolKind]:
        """The names that this side tells apart."""
        return {kind.name: kind for kind in (*_of_host(), *self._written())}

    def _judged(self, tool: Tool) -> Level:
        if tool.found_by(self._deny) is not None:
            return Level.DENY
        if self._allow is not None and self._allow.find(tool.name, core=tool.core) is None:
            return Level.DENY
        if tool.servers and self._refuses_server(tool.servers):
            return Level.DENY
        return Level.ALLOW if tool.found_by(self._ask) is None else Level.ASK

    def _refuses_server(self, servers: tuple[str, ...]) -> bool:
        deny, allow = self._mcp_deny, self._mcp_allow
        if deny.unknown_groups:
            return True
        names = (*servers, *map(folded, servers))
        if any(deny.find(name, core=False) is not None for name in names):
            return True
        return allow is not None and any(allow.find(server, core=True) is None for server in servers)

    @cached_property
    def _deny(self) -> NameMatcher:
        return NameMatcher(self.tools.deny)

    @cached_property
    def _ask(self) -> NameMatcher:
        return NameMatcher(self.tools.ask)

    @cached_property
    def _allow(self) -> NameMatcher | None:
        return None if self.tools.allow is None else NameMatcher(self.tools.allow)

    @cached_property
    def _mcp_deny(self) -> NameMatcher:
        return NameMatcher(self.mcp.deny)

    @cached_property
    def _mcp_allow(self) -> NameMatcher | None:
        return None if self.mcp.allow is None else NameMatcher(self.mcp.allow)

    def _written(self) -> Iterator[ToolKind]:
        yield from kinds_of_patterns((*(self.tools.allow or ()), *self.tools.ask, *self.tools.deny))
        for text in (*(self.mcp.allow or ()), *self.mcp.deny):
            pattern = NamePattern.parse(text)
            if pattern is None:
                continue
            stem = MCP_PREFIX + pattern.stem
            label = f"{MCP_PREFIX}{text.removesuffix('*')}{'*' if pattern.open else _BETWEEN + '*'}"
            if pattern.open:
                yield ToolKind(f"{stem}{_OTHER}{_BETWEEN}{_OTHER}", label)
            if pattern.stem:
                yield from _server_kinds(stem, label)


def tool_rules(tools: EffectiveTools, mcp: EffectiveMcp) -> ToolRules:
    """The rules of one side; sides that say the same share what is worked out."""
    return _tool_rules(tools, mcp)


@lru_cache(maxsize=4096)
def _tool_rules(tools: EffectiveTools, mcp: EffectiveMcp) -> ToolRules:
    return ToolRules(tools, mcp)


@lru_cache(maxsize=256)
def _levels_of_host(tools: EffectiveTools, mcp: EffectiveMcp) -> Mapping[str, Level]:
    rules = ToolRules(tools, mcp)
    return {name: rules._judged(tool_of(DEFAULT_HOST, name)) for name in _spelled_by_host()}


def _about_host(tools: EffectiveTools) -> EffectiveTools:
    """The lists without the exact names of tools that are none of the host's: such a name means only the tool that it
    spells. Lists that differ in nothing else judge the host's tools alike."""
    return EffectiveTools.model_construct(
        allow=None if tools.allow is None else _telling(tools.allow),
        deny=_telling(tools.deny),
        ask=_telling(tools.ask),
    )


def _telling(patterns: tuple[str, ...]) -> tuple[str, ...]:
    names = _names_of_host()
    return tuple(text for text in patterns if text in names or (one := NamePattern.parse(text)) is None or one.open)


def _spelled_by_host() -> Iterator[str]:
    for kind in _of_host():
        yield kind.name
        yield kind.name.upper()


@lru_cache(maxsize=1)
def _names_of_host() -> frozenset[str]:
    """Every name by which a list may mean one of these."""
    tools = [tool_of(DEFAULT_HOST, name) for name in _spelled_by_host()]
    return frozenset(name for tool in tools for name in (tool.name, *tool.aliases))


def kinds_of_patterns(patterns: Iterable[str]) -> Iterator[ToolKind]:
    """The names that patterns tell apart: what they spell, what continues a prefix, and what looks like them."""
    for text in patterns:
        yield from _kinds_of_pattern(text)


# The same few hundred names stand in the lists of most classes of subjects.
@lru_cache(maxsize=8192)
def _kinds_of_pattern(text: str) -> tuple[ToolKind, ...]:
    pattern = NamePattern.parse(text)
    if pattern is None or text == PLUGINS or not pattern.stem:
        return ()
    stem, label = pattern.stem, f"{pattern.stem}*" if pattern.open else pattern.stem
    found = [ToolKind(stem, label)]
    if stem.upper() != stem:
        found.append(ToolKind(stem.upper(), f"{stem} in another spelling", lookalike=True))
    if pattern.open:
        found.append(ToolKind(f"{stem}{_OTHER}", label))
    if stem.startswith(MCP_PREFIX):
        found += _server_kinds(stem, label)
        if pattern.open:
            found.append(ToolKind(f"{stem}{_OTHER}{_BETWEEN}{_OTHER}", label))
    return tuple(found)


def _server_kinds(stem: str, label: str) -> Iterator[ToolKind]:
    """A name with several `__` may be cut at any of them, and each server that comes out is looked at."""
    yield ToolKind(f"{stem}{_BETWEEN}{_OTHER}", label)
    yield ToolKind(f"{stem}{_BETWEEN}{_OTHER}{_BETWEEN}{_OTHER}", label)


@lru_cache(maxsize=1)
def _of_host() -> tuple[ToolKind, ...]:
    names = [ToolKind(name, name) for name in sorted(catalogue().tools)]
    return (
        *names,
        ToolKind(OTHER_TOOL, "any other tool"),
        ToolKind(f"{MCP_PREFIX}{_OTHER}{_BETWEEN}{_OTHER}", "tools of any other MCP server"),
    )
