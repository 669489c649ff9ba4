"""Whether one written rule of a policy speaks of a call, wherever the rule stands and whatever decides in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from clawforge.decide.call import Call
from clawforge.decide.command_pattern import CommandPattern, matches_any
from clawforge.decide.domains import covers
from clawforge.decide.hosts import host_of
from clawforge.decide.names import NameMatcher
from clawforge.decide.paths import GlobList
from clawforge.decide.shell import SimpleCommand


def speaks_of(path: str, pattern: str, call: Call) -> bool:
    """Whether the rule `pattern` of the field `path` (`tools.deny`) means something that the call does. Groups of
    tools must have been expanded. A field that is no list speaks of every call of its sort."""
    check = _CHECKS.get(path)
    return check is not None and check(pattern, call)


def hosts_of(call: Call) -> tuple[str, ...]:
    """The hosts that a call names for certain."""
    return tuple(host for url in call.touched.urls if (host := host_of(url)) is not None)


def commands_of(call: Call) -> tuple[SimpleCommand, ...]:
    """Every simple command of a call that runs some."""
    if not call.tool.facets.command:
        return ()
    return tuple(command for parsed in call.parsed for command in parsed.commands)


@lru_cache(maxsize=8192)
def command_pattern(text: str) -> CommandPattern | None:
    """The pattern; None if it cannot be read, which then speaks of nothing."""
    try:
        return CommandPattern.parse(text)
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def _names(pattern: str) -> NameMatcher:
    return NameMatcher((pattern,))


@lru_cache(maxsize=8192)
def _globs(pattern: str) -> GlobList:
    return GlobList((pattern,))


def _permits_tool(pattern: str, call: Call) -> bool:
    return _names(pattern).find(call.tool.name, core=call.tool.core) is not None


def _forbids_tool(pattern: str, call: Call) -> bool:
    return call.tool.found_by(_names(pattern)) is not None


def _runs(pattern: str, call: Call) -> bool:
    return call.tool.facets.command or call.runs_code


def _permits_command(pattern: str, call: Call) -> bool:
    read = command_pattern(pattern)
    return read is not None and any(read.matches(command) for command in commands_of(call))


def _forbids_command(pattern: str, call: Call) -> bool:
    read = command_pattern(pattern)
    return read is not None and any(
        matches_any(parsed, (read,)) for parsed in (call.parsed if call.tool.facets.command else ())
    )


def _path(pattern: str, call: Call) -> bool:
    return any(
        _globs(pattern).find(place, call.around, recursive=call.tool.facets.recursive) is not None
        for _, places in call.paths
        for place in places
    )


def _kept_path(pattern: str, call: Call) -> bool:
    return call.tool.facets.paths != "read" and any(
        _globs(pattern).find(place, call.around) is not None for _, places in call.paths for place in places
    )


def _host(pattern: str, call: Call) -> bool:
    return any(covers(pattern, host) for host in hosts_of(call))


def _permits_server(pattern: str, call: Call) -> bool:
    return any(_names(pattern).find(server, core=True) is not None for server in call.tool.servers)


def _forbids_server(pattern: str, call: Call) -> bool:
    return any(_names(pattern).find(server, core=False) is not None for server in call.tool.servers)


def _source(pattern: str, call: Call) -> bool:
    source = call.params.get("source")
    return call.tool.facets.skill and isinstance(source, str) and _names(pattern).find(source, core=True) is not None


_CHECKS: Mapping[str, Callable[[str, Call], bool]] = {
    "tools.profile": _permits_tool,
    "tools.allow": _permits_tool,
    "tools.ask": _forbids_tool,
    "tools.deny": _forbids_tool,
    "exec.mode": _runs,
    "exec.allow": _permits_command,
    "exec.deny": _forbids_command,
    "paths.deny": _path,
    "paths.readOnly": _kept_path,
    "paths.workspaceOnly": lambda pattern, call: bool(call.touched.paths),
    "network.allow": _host,
    "network.deny": _host,
    "network.privateAddresses": lambda pattern, call: bool(call.touched.urls),
    "mcp.allow": _permits_server,
    "mcp.deny": _forbids_server,
    "skills.requireApproval": lambda pattern, call: call.tool.facets.skill,
    "skills.sources": _source,
}

JUDGED = frozenset(_CHECKS)
"""Paths of the fields that decide calls. The others say what is reported, how long an agent may be cut off, or
what a person reads."""
