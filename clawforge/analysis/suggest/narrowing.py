"""From what was seen under a policy to the values that its sections could have instead.

A value is only ever replaced by one that means less, whatever other policies apply beside this one; `safety.py` makes
sure of it once more for the policies that extend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from clawforge.analysis.suggest.command_patterns import MOST_VARIANTS, UnwritableError, command_patterns
from clawforge.analysis.suggest.part import Hindrance, Part
from clawforge.analysis.suggest.safety import widened
from clawforge.analysis.suggest.uses import Sensitive, Uses, sensitive_words
from clawforge.decide.catalogue import catalogue
from clawforge.decide.command_pattern import CommandPattern
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.statement import Speaker, Statements
from clawforge.resource.merge import Vocabulary
from clawforge.resource.meta import Resource
from clawforge.resource.pattern import check_domain, check_name_pattern
from clawforge.resource.policy import ExecMode, Policy
from clawforge.resource.registry import canonical_resource

Value = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A field of the policy by its path, such as `tools.allow`; what stands there now, None for nothing; and what would
    be enough."""

    part: Part
    path: str
    before: Value | None
    after: Value


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one policy could be narrowed to, after `calls` that used it, and which sections are left alone and why."""

    address: str
    calls: int
    narrowings: tuple[Narrowing, ...]
    left: Mapping[Part, Hindrance]

    def without(self, parts: Iterable[Part], reason: str) -> Suggestion:
        """Without some sections, which are left alone for a reason."""
        dropped = set(parts) & {item.part for item in self.narrowings}
        return Suggestion(
            self.address,
            self.calls,
            tuple(item for item in self.narrowings if item.part not in dropped),
            {**self.left, **dict.fromkeys(dropped, Hindrance(reason))},
        )


class Narrower:
    """Makes suggestions for the policies of one state. More than `variants` commands that differ in one argument become
    one pattern."""

    def __init__(self, resources: Sequence[Resource], variants: int = MOST_VARIANTS) -> None:
        self._policies = {item.address: item for item in resources if isinstance(item, Policy)}
        self._lexicon = Lexicon(catalogue())
        self._speaker = Speaker(self._policies, self._lexicon)
        self._sensitive: Sensitive = sensitive_words(resources)
        self._variants = variants

    def suggest(self, address: str, uses: Uses) -> Suggestion:
        """The narrowest values that still allow what was used."""
        said = self._speaker.says(self._policies[address])
        left = dict(uses.hindrances)
        found: list[Narrowing] = []
        if uses.calls:
            tools = self._tools(said, uses, left)
            found += tools
            # A call of a tool that is not on the list is refused before anybody asks what it reaches.
            held = bool(tools) or _is_exact(said)
            found += self._servers(said, uses, left, needed=bool(uses.servers) or not held)
            found += self._hosts(said, uses, left, needed=uses.reaches_hosts or not held)
            found += self._commands(address, said, uses, left, needed=uses.runs_commands or not held)
            found = [item for item in found if item.part in uses.heard]
        policy = self._policies[address]
        made = Suggestion(address, uses.calls, tuple(_with_written(policy, item) for item in found), left)
        return self.kept([made])[0]

    def kept(self, suggestions: Sequence[Suggestion]) -> list[Suggestion]:
        """The suggestions without sections in which, all of them taken up, some policy could say more than now."""
        wider = widened(self._policies, narrowed(self._policies.values(), suggestions), self._lexicon)
        return [item.without(wider, "a policy that extends this one would allow more") for item in suggestions]

    def _tools(self, said: Statements, uses: Uses, left: dict[Part, Hindrance]) -> list[Narrowing]:
        names = sorted(uses.tools)
        if any(not _is_name(name) or self._lexicon.expand(Vocabulary.TOOLS, name) != (name,) for name in names):
            left.setdefault(Part.TOOLS, Hindrance("the name of some tool cannot be written into a policy"))
        return self._list(said, Part.TOOLS, "tools.allow", Vocabulary.TOOLS, names, left)

    def _servers(self, said: Statements, uses: Uses, left: dict[Part, Hindrance], *, needed: bool) -> list[Narrowing]:
        names = sorted(uses.servers)
        if any(not _is_name(name) for name in names):
            left.setdefault(Part.MCP, Hindrance("the name of some MCP server cannot be written into a policy"))
        return self._list(said, Part.MCP, "mcp.allow", Vocabulary.NAMES, names, left) if needed else []

    def _hosts(self, said: Statements, uses: Uses, left: dict[Part, Hindrance], *, needed: bool) -> list[Narrowing]:
        hosts = sorted(uses.hosts)
        if any(not _is_host(host) or self._sensitive(host) for host in hosts):
            left.setdefault(Part.NETWORK, Hindrance("some host cannot be written into a policy"))
        return self._list(said, Part.NETWORK, "network.allow", Vocabulary.DOMAINS, hosts, left) if needed else []

    def _list(
        self,
        said: Statements,
        part: Part,
        path: str,
        of: Vocabulary,
        seen: list[str],
        left: dict[Part, Hindrance],
    ) -> list[Narrowing]:
        """A list that is intersected with those of other policies, so that a shorter one never allows more."""
        if part in left:
            return []
        present = said[path].value if path in said else None
        if present is not None and not all(self._lexicon.covering(of, present, item) for item in seen):
            left[part] = Hindrance("something that passed is not on its own list")
            return []
        after = self._lexicon.normalise(of, seen)
        return [] if present == after else [Narrowing(part, path, present, after)]

    def _commands(
        self, address: str, said: Statements, uses: Uses, left: dict[Part, Hindrance], *, needed: bool
    ) -> list[Narrowing]:
        if Part.EXEC in left or not needed:
            return []
        mode = said["exec.mode"].value if "exec.mode" in said else ExecMode.FULL
        listed: tuple[str, ...] | None = said["exec.allow"].value if "exec.allow" in said else None
        if mode is ExecMode.DENY or (mode is not ExecMode.FULL and listed is None):
            return []
        stopping = None if listed is not None else self._stops_without_list(address)
        if stopping is not None:
            left[Part.EXEC] = Hindrance(f"beside a list, {stopping} would let through what it stops now")
            return []
        try:
            present = None if listed is None else [CommandPattern.parse(text) for text in listed]
            after = command_patterns(uses.commands, present, self._sensitive, self._variants)
        except (UnwritableError, ValueError) as error:
            left[Part.EXEC] = Hindrance(str(error))
            return []
        found = [] if mode is not ExecMode.FULL else [Narrowing(Part.EXEC, "exec.mode", mode, ExecMode.ALLOWLIST)]
        if listed != after:
            found.append(Narrowing(Part.EXEC, "exec.allow", listed, after))
        return found

    def _stops_without_list(self, address: str) -> str | None:
        """Another policy that stops every command, as it has no list: with a list beside it, that list would count."""
        for other, policy in sorted(self._policies.items()):
            if other != address:
                said = self._speaker.says(policy)
                mode = said["exec.mode"].value if "exec.mode" in said else ExecMode.FULL
                if mode in (ExecMode.ASK, ExecMode.ALLOWLIST) and "exec.allow" not in said:
                    return other
        return None


def narrowed(resources: Iterable[Resource], suggestions: Iterable[Suggestion]) -> tuple[Resource, ...]:
    """The resources with the suggestions taken up."""
    wanted = {item.address: item.narrowings for item in suggestions if item.narrowings}
    return tuple(_rewritten(item, wanted[item.address]) if item.address in wanted else item for item in resources)


def _rewritten(resource: Resource, narrowings: Iterable[Narrowing]) -> Resource:
    body: dict[str, Any] = canonical_resource(resource)
    for item in narrowings:
        section, name = item.path.split(".")
        body["spec"].setdefault(section, {})[name] = list(item.after) if isinstance(item.after, tuple) else item.after
    return Policy.model_validate_json(orjson.dumps(body), strict=True)


def _with_written(policy: Policy, item: Narrowing) -> Narrowing:
    """With what the policy itself writes there, which may come from a parent or stand for groups instead."""
    section, name = item.path.split(".")
    written = getattr(getattr(policy.spec, section), name) if getattr(policy.spec, section) is not None else None
    return replace(item, before=written)


def _is_exact(said: Statements) -> bool:
    """Whether the policy lists tools one by one."""
    return "tools.allow" in said and not any("*" in name or ":" in name for name in said["tools.allow"].value)


def _is_name(name: str) -> bool:
    try:
        check_name_pattern(name)
    except ValueError:
        return False
    return "*" not in name and not name.startswith("group:")


def _is_host(host: str) -> bool:
    try:
        check_domain(host)
    except ValueError:
        return False
    return "*" not in host
