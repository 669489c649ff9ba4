"""What recorded calls that were allowed used, by the base policies that allowed them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from clawforge.analysis.replay.answers import Answers, Enrolment, Pair, ReplayState, Situation
from clawforge.analysis.replay.recorded_call import Misread, RecordedCall
from clawforge.analysis.suggest.part import Hindrance, Part
from clawforge.decide.call import Call, Tool, tool_of
from clawforge.decide.hosts import host_of
from clawforge.decide.request import Request, Runtime
from clawforge.decide.shell_program import SimpleCommand
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy, PolicyMode, parent_names
from clawforge.resource.policy_test import Effect

_MOST_COMMANDS = 5_000
_MOST_HOSTS = 500
_MOST_SEEN = 200_000

Words = tuple[str, str, tuple[str, ...]]
"""A command: the directory that its program was called from, the program, its arguments."""


@dataclass(slots=True)
class Uses:
    """What the calls under one policy used. A section with a hindrance cannot be narrowed."""

    calls: int = 0
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


def lineage(resources: Iterable[Resource]) -> Callable[[str], frozenset[str]]:
    """From the address of a policy to its own and those of every policy that it extends, directly or not."""
    policies = {item.address: item for item in resources if isinstance(item, Policy)}
    known: dict[str, frozenset[str]] = {}

    def of(address: str) -> frozenset[str]:
        if address not in known:
            found, waiting = set[str](), [address]
            while waiting:
                current = waiting.pop()
                if current not in found and current in policies:
                    found.add(current)
                    waiting.extend(f"Policy/{name}" for name in parent_names(policies[current].spec))
            known[address] = frozenset(found)
        return known[address]

    return of


class UseCollector:
    """Looks at calls one after the other. A call counts if the state allows it or asks about it, unless it is recorded
    as denied. A policy is used by a call if it is among those that decide it, or if one of those extends it.
    """

    def __init__(
        self, state: ReplayState, resources: Sequence[Resource], enrolments: Mapping[str, Enrolment] | None = None
    ) -> None:
        self.by_policy = {
            item.address: Uses() for item in resources if isinstance(item, Policy) and item.spec.mode is PolicyMode.BASE
        }
        self._answers = Answers(None, state, enrolments)
        self._lineage = lineage(resources)
        self._concerned: dict[int, tuple[Uses, ...]] = {}
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
            for uses in concerned:
                uses.calls += 1
            if self._is_new(call, pair):
                self._note(call, situation, concerned)

    def _policies(self, pair: Pair) -> tuple[Uses, ...]:
        matched = {address for item in pair.after.matched for address in self._lineage(item)}
        return tuple(self.by_policy[address] for address in sorted(matched) if address in self.by_policy)

    def _is_new(self, call: RecordedCall, pair: Pair) -> bool:
        params = None if call.params is None else orjson.dumps(call.params, option=orjson.OPT_SORT_KEYS)
        key = (pair.number, call.tool, params)
        if key in self._seen:
            return False
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(key)
        return True

    def _note(self, call: RecordedCall, situation: Situation, concerned: Sequence[Uses]) -> None:
        known = tool_of(situation.facts.host, call.tool)
        for uses in concerned:
            uses.tools.add(known.name)
            uses.servers.update(known.servers)
            uses.reaches_hosts |= known.facets.urls
            uses.runs_commands |= known.facets.command or known.facets.code is not None
        if call.params is None:
            for uses in concerned:
                _note_unknown(uses, known, call.line)
            return
        request = Request(tool=call.tool, params=call.params, user=call.user, at=call.at)
        asked = Call(request, situation.facts, Runtime())
        for uses in concerned:
            _note_hosts(uses, asked, call.line)
            _note_commands(uses, asked, call.line)


def _note_unknown(uses: Uses, tool: Tool, line: int) -> None:
    reason = "the arguments of some calls were not recorded"
    if tool.facets.command or tool.facets.code is not None:
        uses.hinder(Part.EXEC, reason, line)
    if tool.facets.urls:
        uses.hinder(Part.NETWORK, reason, line)


def _note_hosts(uses: Uses, call: Call, line: int) -> None:
    if not call.tool.facets.urls:
        return
    found: list[str | None] = [host_of(url) for url in call.touched.urls]
    if call.touched.hidden_url or None in found:
        uses.hinder(Part.NETWORK, "which host some calls reached cannot be told", line)
    uses.hosts.update(host for host in found if host is not None)
    if len(uses.hosts) > _MOST_HOSTS:
        uses.hinder(Part.NETWORK, f"more than {_MOST_HOSTS} hosts were reached", line)


def _note_commands(uses: Uses, call: Call, line: int) -> None:
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
