"""What recorded calls that were allowed used, by the base policies that allowed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from clawforge.analysis.replay.answers import Answers, Enrolment, Pair, ReplayState, Situation
from clawforge.analysis.replay.recorded_call import Misread, RecordedCall
from clawforge.analysis.suggest.part import Hindrance, Part
from clawforge.decide.call import Call, tool_of
from clawforge.decide.hosts import host_of
from clawforge.decide.request import Request, Runtime
from clawforge.decide.shell_program import SimpleCommand
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode, parent_names
from clawforge.resource.policy_test import Effect

_MOST_COMMANDS = 5_000
_MOST_HOSTS = 500
_MOST_SEEN = 200_000
_UNRECORDED = "the arguments of some calls were not recorded"

Words = tuple[str, str, tuple[str, ...]]
"""A command: the directory that its program was called from, the program, its arguments."""


@dataclass(slots=True)
class Uses:
    """What the calls under one policy used. In all of them, sections that are not `heard` were another policy's to say;
    one with a hindrance cannot be narrowed."""

    calls: int = 0
    heard: set[Part] = field(default_factory=set)
    tools: set[str] = field(default_factory=set)
    servers: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    commands: set[Words] = field(default_factory=set)
    reaches_hosts: bool = False
    runs_commands: bool = False
    hindrances: dict[Part, Hindrance] = field(default_factory=dict)

    def hinder(self, part: Part, reason: str, line: int) -> None:
        """Leave a section alone; the first reason stays."""
        self.hindrances.setdefault(part, Hindrance(reason, line))


_Concerned = tuple[Uses, frozenset[Part]]
"""What a policy's calls used, and the sections in which this policy is the one that is heard."""


class Lineage:
    """From a policy to those whose sections it goes by: its own, and those of the policies that it extends where it is
    silent itself."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._policies = {item.address: item for item in resources if isinstance(item, Policy)}
        self._known: dict[str, dict[str, frozenset[Part]]] = {}

    def of(self, address: str) -> Mapping[str, frozenset[Part]]:
        """The policies by address, each with the sections in which it can matter."""
        known = self._known.get(address)
        if known is None:
            reached: dict[str, set[Part]] = {}
            for part in Part:
                for policy in self._heard(address, part):
                    reached.setdefault(policy, set()).add(part)
            known = self._known[address] = {policy: frozenset(parts) for policy, parts in reached.items()}
        return known

    def _heard(self, address: str, part: Part) -> Iterator[str]:
        seen: set[str] = set()
        waiting = [address]
        while waiting:
            current = waiting.pop()
            policy = self._policies.get(current)
            if current in seen or policy is None:
                continue
            seen.add(current)
            yield current
            if not _settles(policy, part):
                waiting.extend(f"Policy/{name}" for name in parent_names(policy.spec))


def _settles(policy: Policy, part: Part) -> bool:
    """Whether nothing that a parent says about a section's list or mode is heard."""
    section = getattr(policy.spec, part.value)
    if section is None or section.allow is None:
        return False
    return part is not Part.EXEC or section.mode is not None


class UseCollector:
    """Looks at calls one after the other. A call counts if the state allows it or asks about it, unless it is recorded
    as denied. It uses the policies that decide it, and those that these extend.
    """

    def __init__(
        self, state: ReplayState, resources: Sequence[Resource], enrolments: Mapping[str, Enrolment] | None = None
    ) -> None:
        self.by_policy = {
            item.address: Uses() for item in resources if isinstance(item, Policy) and item.spec.mode is PolicyMode.BASE
        }
        self._answers = Answers(None, state, enrolments)
        self._lineage = Lineage(resources)
        self._concerned: dict[int, tuple[_Concerned, ...]] = {}
        self._seen: set[tuple[int, str, bytes | None]] = set()

    def take(self, calls: Iterable[RecordedCall | Misread]) -> None:
        """Note what calls used."""
        for call in calls:
            if isinstance(call, Misread) or call.recorded is Effect.DENY:
                continue
            situation, pair = self._answers.place(call)
            tool = self._answers.tool(call, situation, pair)
            effects = self._answers.effects(call, situation, pair, tool)
            if effects is not None and effects.after is Effect.DENY:
                continue
            concerned = self._concerned.get(pair.number)
            if concerned is None:
                concerned = self._concerned[pair.number] = self._policies(pair)
            for uses, _ in concerned:
                uses.calls += 1
            if self._is_new(call, pair):
                self._note(call, situation, concerned)

    def _policies(self, pair: Pair) -> tuple[_Concerned, ...]:
        reached: dict[str, frozenset[Part]] = {}
        for matched in pair.after.matched:
            if matched in self.by_policy and matched not in pair.after.bases:
                continue
            for address, parts in self._lineage.of(matched).items():
                reached[address] = reached.get(address, frozenset()) | parts
        return tuple(
            (self.by_policy[address], parts) for address, parts in sorted(reached.items()) if address in self.by_policy
        )

    def _is_new(self, call: RecordedCall, pair: Pair) -> bool:
        params = None if call.params is None else orjson.dumps(call.params, option=orjson.OPT_SORT_KEYS)
        key = (pair.number, call.tool, params)
        if key in self._seen:
            return False
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return True

    def _note(self, call: RecordedCall, situation: Situation, concerned: Sequence[_Concerned]) -> None:
        known = tool_of(situation.facts.host, call.tool)
        asked = None
        if call.params is not None:
            request = Request(tool=call.tool, params=call.params, user=call.user, at=call.at)
            asked = Call(request, situation.facts, Runtime())
        for uses, parts in concerned:
            uses.heard |= parts
            if Part.TOOLS in parts:
                uses.tools.add(known.name)
            if Part.MCP in parts:
                uses.servers.update(known.servers)
            if Part.NETWORK in parts and known.facets.urls:
                _note_hosts(uses, asked, call.line)
            if Part.EXEC in parts and (known.facets.command or known.facets.code is not None):
                _note_commands(uses, asked, call.line)


def _note_hosts(uses: Uses, call: Call | None, line: int) -> None:
    uses.reaches_hosts = True
    if call is None:
        uses.hinder(Part.NETWORK, _UNRECORDED, line)
        return
    found: list[str | None] = [host_of(url) for url in call.touched.urls]
    if call.touched.hidden_url or None in found:
        uses.hinder(Part.NETWORK, "which host some calls reached cannot be told", line)
    uses.hosts.update(host for host in found if host is not None)
    if len(uses.hosts) > _MOST_HOSTS:
        uses.hinder(Part.NETWORK, f"more than {_MOST_HOSTS} hosts were reached", line)


def _note_commands(uses: Uses, call: Call | None, line: int) -> None:
    uses.runs_commands = True
    if call is None:
        uses.hinder(Part.EXEC, _UNRECORDED, line)
        return
    if call.runs_code:
        uses.hinder(Part.EXEC, "some calls run code, which no pattern describes", line)
    if not call.tool.facets.command:
        return
    if call.command.opaque or any(parsed.opaque or not parsed.commands for parsed in call.parsed):
        uses.hinder(Part.EXEC, "some commands are such that no pattern may match them", line)
        return
    uses.commands.update(_words(command) for parsed in call.parsed for command in parsed.commands)
    if len(uses.commands) > _MOST_COMMANDS:
        uses.hinder(Part.EXEC, f"more than {_MOST_COMMANDS:,} different commands were run", line)
        uses.commands.clear()


def _words(command: SimpleCommand) -> Words:
    return command.directory, command.program, command.arguments


def command_of(words: Words) -> SimpleCommand:
    """The command that was noted."""
    directory, program, arguments = words
    return SimpleCommand(program, arguments, directory)


Sensitive = Callable[[str], bool]
"""Whether a text holds what should not be written into a policy."""


def sensitive_words(resources: Iterable[Resource]) -> Sensitive:
    """Whether any detector, or any rule of the org, finds something in a word."""
    from clawforge.decide.dlp.engine import Scanner, ScanRule
    from clawforge.decide.dlp.registry import DETECTORS
    from clawforge.resource.dlp_rule_set import DlpRuleSet

    rules = [ScanRule(detector.id, detector=detector.id) for detector in DETECTORS]
    for item in resources:
        if isinstance(item, DlpRuleSet):
            rules += [
                ScanRule(f"{item.address}/{number}", pattern=rule.pattern)
                for number, rule in enumerate(item.spec.rules)
                if rule.pattern is not None
            ]
    scanner = Scanner(rules)

    def is_sensitive(text: str) -> bool:
        return bool(scanner.scan(text))

    return is_sensitive
