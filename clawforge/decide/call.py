"""One call to be judged: the request with what is known about its tool, each part worked out once and when
needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from clawforge.decide.catalogue import DEFAULT_HOST, MCP_PREFIX, Catalogue, catalogue, folded, hosts
from clawforge.decide.facets import UNKNOWN_TOOL, Facets
from clawforge.decide.names import NameMatcher
from clawforge.decide.paths import is_in_workspace
from clawforge.decide.resolved_path import (
    UNKNOWN_PATH,
    Anchor,
    ResolvedPath,
    Surroundings,
    absolute,
    readings,
    surroundings,
)
from clawforge.decide.touched import CommandText, Touched, command_text, runs_code, touched

if TYPE_CHECKING:
    from clawforge.decide.request import InstanceFacts, Request, Runtime
    from clawforge.decide.shell import ParsedCommand

_LONGEST_QUOTE = 80


class Tool:
    """What is known about a tool by its host and name. Immutable.

    `name` is canonical. `aliases` are all names that a rule against the tool may use: its own, its canonical
    one and that of the core tool which it could be taken for. `core`: it is a tool of the host, or could be
    taken for one.
    """

    __slots__ = ("aliases", "core", "facets", "name", "servers")

    def __init__(self, host: str, given: str) -> None:
        names = known_catalogue(host)
        ours = names if names is not None else catalogue(DEFAULT_HOST)
        self.name = ours.canonical_name(given)
        alike = ours.lookalike(given) if names is not None else lookalike_anywhere(given)
        self.core = self.name in ours.tools or alike is not None
        self.aliases = tuple(dict.fromkeys(name for name in (self.name, given, folded(given), alike) if name))
        self.servers = _mcp_servers(self.name) or _mcp_servers(folded(self.name))
        facets = ours.facets(given)
        if facets is UNKNOWN_TOOL and alike is not None:
            facets = ours.facets(alike)
        self.facets: Facets = facets

    def found_by(self, matcher: NameMatcher) -> str | None:
        """The pattern of a list of refusals that means this tool under any of its names.

        A group that could not be expanded means every tool: nobody knows what it holds.
        """
        for name in self.aliases:
            pattern = matcher.find(name, core=self.core)
            if pattern is not None:
                return pattern
        return matcher.unknown_groups[0] if matcher.unknown_groups else None


@lru_cache(maxsize=4096)
def tool_of(host: str, given: str) -> Tool:
    """The tool that a host calls so."""
    return Tool(host, given)


def known_catalogue(host: str) -> Catalogue | None:
    """The catalogue of a host, None for a host without one."""
    return catalogue(host) if host in _hosts() else None


@lru_cache(maxsize=1)
def _hosts() -> frozenset[str]:
    return frozenset(hosts())


def lookalike_anywhere(name: str) -> str | None:
    """The core tool that a name could be taken for on any host: one that we do not know may use any other's
    names."""
    return next((tool for host in hosts() if (tool := catalogue(host).lookalike(name))), None)


def _mcp_servers(name: str) -> tuple[str, ...]:
    """Every server that a canonical name may mean: a name with several `__` may be cut at any of them."""
    if not name.startswith(MCP_PREFIX):
        return ()
    parts = name[len(MCP_PREFIX) :].split("__")
    return tuple("__".join(parts[:count]) for count in range(1, max(len(parts), 2)))


Follow = Callable[[str], str | None]
"""Where an absolute path leads once every symbolic link is followed; None if that cannot be known."""

_ANCHORED = ("/", "~", "$")


class Call:
    """A request on an instance. `params` may differ from the request's: what is left after redaction is
    judged too."""

    def __init__(
        self,
        request: Request,
        facts: InstanceFacts,
        runtime: Runtime,
        *,
        params: Mapping[str, Any] | None = None,
        discreet: bool = False,
        follow: Follow | None = None,
    ) -> None:
        self.request = request
        self.facts = facts
        self.runtime = runtime
        self.params: Mapping[str, Any] = request.params if params is None else params
        self._follow = follow
        self.discreet = discreet
        """Sensitive values were found in the parameters, so nothing of them may be quoted."""
        self.tool = tool_of(facts.host, request.tool)

    @property
    def name(self) -> str:
        """The tool as sentences name it."""
        return shown(self.tool.name)

    def quote(self, text: str, otherwise: str) -> str:
        """A piece of the parameters for a sentence, or `otherwise` where nothing may be quoted."""
        return otherwise if self.discreet else shown(text)

    @cached_property
    def touched(self) -> Touched:
        """Paths and addresses in the parameters."""
        return touched(self.params, self.tool.facets)

    @cached_property
    def around(self) -> Surroundings:
        """The places that the agent names."""
        return surroundings(self.facts.home, self.facts.workspace)

    @cached_property
    def paths(self) -> tuple[tuple[str, tuple[ResolvedPath, ...]], ...]:
        """Each path as it stands in the call, with everything that it may mean."""
        return tuple((text, (*self._written(text), *self._real(text))) for text in self.touched.paths)

    @cached_property
    def places(self) -> tuple[tuple[str, tuple[ResolvedPath, ...]], ...]:
        """Each path with where it lies: behind its links where they can be followed, else as it is written."""
        return tuple((text, self._real(text) or self._written(text)) for text in self.touched.paths)

    def _written(self, text: str) -> tuple[ResolvedPath, ...]:
        found = readings(text, self.around)
        if self.facts.workspace_guessed and not text.startswith(_ANCHORED):
            # A relative path that leaves a workspace which is only guessed leads nobody knows where.
            found = tuple(path if is_in_workspace(path, self.around) else UNKNOWN_PATH for path in found)
        return found

    def _real(self, text: str) -> tuple[ResolvedPath, ...]:
        """Where the system's links lead, for the path as written and for each of its readings."""
        if self._follow is None or self.around.windows:
            return ()
        written = self._written(text)
        if UNKNOWN_PATH in written:
            return (UNKNOWN_PATH,)
        candidates = ["/" + "/".join(path.names) for path in written if path.anchor is Anchor.ROOT]
        if text.startswith("/"):
            candidates.append(text)
        elif self.around.workspace is not None and not text.startswith(_ANCHORED):
            candidates.append("/" + "/".join((*self.around.workspace, text)))
        followed = [self._follow(path) for path in dict.fromkeys(candidates)]
        found = [UNKNOWN_PATH if path is None else absolute(path) for path in followed]
        return tuple(dict.fromkeys([*found, *(path for path in written if path.anchor is not Anchor.ROOT)]))

    @cached_property
    def command(self) -> CommandText:
        """The command of a tool that runs commands."""
        return command_text(self.params)

    @cached_property
    def parsed(self) -> tuple[ParsedCommand, ...]:
        """Its command, parsed."""
        from clawforge.decide.shell import parse_command

        return tuple(parse_command(command) for command in self.command.commands)

    @cached_property
    def runs_code(self) -> bool:
        """Whether the tool runs code that nobody can judge."""
        return runs_code(self.params, self.tool.facets)


def shown(text: str) -> str:
    """Foreign text on one line and not too long. Whoever prints it still escapes what a terminal would
    obey."""
    line = " ".join(text[: 4 * _LONGEST_QUOTE].split()).encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= _LONGEST_QUOTE else f"{line[:_LONGEST_QUOTE]}…"
