"""The rule that would have decided otherwise after the smallest change: the first thing to look at when a policy test
fails.

Changes from small to large: correct a tool's name in the case; drop what is stricter than a rule that already says what
was expected; correct a pattern that is nearly spelt so; let a policy count for the subject that says so to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from clawforge.decide.call import Call
from clawforge.decide.request import Runtime
from clawforge.decide.simulate import simulated_facts
from clawforge.policy_tests import CaseResult
from clawforge.resolve.selector import specificity
from clawforge.resource.policy_test import Effect
from clawforge.testing.likeness import MOST_COMPARED, meant_tool, most_alike
from clawforge.testing.rule_book import RuleBook, WrittenRule
from clawforge.testing.speaks import command_pattern, commands_of, hosts_of

_RANK = {Effect.ALLOW: 0, Effect.ASK: 1, Effect.DENY: 2}
_TOOL_LISTS = ("tools.allow", "tools.profile")
_PERMITTING: dict[str, tuple[str, ...]] = {
    "tool-denied": _TOOL_LISTS,
    "tool-not-allowed": _TOOL_LISTS,
    "tool-ask": _TOOL_LISTS,
    "mcp-denied": ("mcp.allow",),
    "mcp-not-allowed": ("mcp.allow",),
    "exec-denied": ("exec.allow",),
    "exec-command-denied": ("exec.allow",),
    "exec-not-allowed": ("exec.allow",),
    "exec-ask": ("exec.allow",),
    "network-denied": ("network.allow",),
    "network-not-allowed": ("network.allow",),
    "skill-source-not-allowed": ("skills.sources",),
}
_MISSING = frozenset({"tool-not-allowed", "mcp-not-allowed", "exec-not-allowed", "network-not-allowed"})
"""Refusals of what is in no list, where an entry that fits is an entry of another list than the one that decided."""
_ON_TRIAL = {
    Effect.DENY: frozenset({"would-be-deny", "would-be-dlp-block"}),
    Effect.ASK: frozenset({"would-be-ask", "would-be-dlp-ask"}),
}
_FORBIDDING = {
    Effect.DENY: ("tools.deny", "exec.deny", "paths.deny", "paths.readOnly", "network.deny", "mcp.deny"),
    Effect.ASK: ("tools.ask",),
}


@dataclass(frozen=True, slots=True)
class NearMiss:
    """What would have decided otherwise, in a sentence, and where that is written."""

    message: str
    address: str | None = None
    pointer: str | None = None


def near_miss(result: CaseResult, book: RuleBook) -> NearMiss | None:
    """For a case that failed; None where nothing comes near."""
    if result.mismatch is None:
        return None
    request = result.judgement.request
    misspelt = _misspelt_tool(result, book)
    if misspelt is not None or result.mismatch.aspect != "effect":
        return misspelt
    call = Call(request, simulated_facts(request.user), Runtime())
    stricter = _RANK[result.decision.effect] > _RANK[result.case.expect.effect]
    searches: tuple[Callable[[CaseResult, RuleBook, Call], NearMiss | None], ...] = (
        (_beaten_reason, _permission, _permitted_tool) if stricter else (_on_trial, _prohibition)
    )
    return next((found for search in searches if (found := search(result, book, call)) is not None), None)


def _misspelt_tool(result: CaseResult, book: RuleBook) -> NearMiss | None:
    """A call of a tool that does not exist, where another name was probably meant."""
    name = result.judgement.request.tool
    meant = meant_tool(name, book.named_tools)
    if meant is None:
        return None
    return NearMiss(f"Unknown tool `{name}`: did you mean `{meant}`?", result.address, f"{result.pointer}/call/tool")


def _beaten_reason(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """A reason for the expected effect that a stricter one beat."""
    for reason in result.decision.reasons:
        if reason.effect is result.case.expect.effect:
            message = f"{reason.message} The {result.decision.effect} is stricter and wins."
            return NearMiss(message, reason.resource, reason.path)
    return None


def _permission(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """An entry that permits what was refused and lost, or the one that is spelt most alike."""
    decisive = result.decision.reasons[0] if result.decision.reasons else None
    paths = _PERMITTING.get(decisive.code, ()) if decisive is not None else ()
    if decisive is None or not paths:
        return None
    ours = [rule for rule in _speaking(result, book) if rule.path in paths]
    fitting = None if decisive.code in _MISSING else next((rule for rule in ours if rule.speaks_of(call)), None)
    if fitting is not None:
        return _told(fitting, "permits this, but what refuses wins over it")
    alike = most_alike(ours, _values(paths[0], call, ours))
    if alike is not None:
        return _told(alike.rule, "is spelt most like this among what is permitted")
    return _elsewhere(result, book, call, paths, "permits this")


def _permitted_tool(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """Where the tool is permitted, and what it is called with is not."""
    fitting = (rule for rule in _speaking(result, book) if rule.path in _TOOL_LISTS and rule.speaks_of(call))
    found = next(fitting, None)
    return None if found is None else _told(found, "permits the tool, but what refuses wins over it")


def _on_trial(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """A policy that would have decided so, and only observes."""
    for record in result.decision.obligations.record:
        if record.code in _ON_TRIAL.get(result.case.expect.effect, ()):
            return NearMiss(f"{record.message} But it is on trial and only records.", record.resource)
    return None


def _prohibition(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """The entry that is spelt most alike, or one that forbids the call to somebody else."""
    paths = _FORBIDDING.get(result.case.expect.effect, ())
    ours = list(_speaking(result, book))
    found = [
        alike
        for path in paths
        if (alike := most_alike([rule for rule in ours if rule.path == path], _values(path, call, ()))) is not None
    ]
    if found:
        return _told(max(found, key=lambda item: item.ratio).rule, "is spelt most like this among what refuses")
    return _elsewhere(result, book, call, paths, "refuses this" if "tools.deny" in paths else "asks about this")


def _elsewhere(result: CaseResult, book: RuleBook, call: Call, paths: tuple[str, ...], does: str) -> NearMiss | None:
    """The same in a policy that has no say for this subject: in a base that matches it and that a more specific one
    replaces, or else in the policy that is for most people."""
    speaking = set(book.speaking(result.judgement.resolution))
    replaced = set(result.judgement.resolution.matched) - speaking
    others = (rule for rule in _rules(book, book.rules) if rule.address not in speaking and rule.path in paths)
    fitting = [
        rule
        for rule in islice(others, MOST_COMPARED)
        if ("*" not in rule.patterns or rule.address in replaced) and rule.speaks_of(call)
    ]
    if not fitting:
        return None

    def distance(rule: WrittenRule) -> tuple[bool, tuple[int, ...], bool, str, str]:
        rank = specificity(book.policies[rule.address].spec.applies_to)
        near = rule.address in replaced
        breadth = tuple(-part for part in rank) if near else tuple(rank)
        return (not near, breadth, len(rule.patterns) > 1, rule.address, rule.pointer)

    best = min(fitting, key=distance)
    if best.address in replaced:
        return _told(best, f"{does}, but a more specific base takes the place of that policy for this subject")
    return _told(best, f"{does}, but does not count for this subject")


def _speaking(result: CaseResult, book: RuleBook) -> Iterator[WrittenRule]:
    return _rules(book, book.speaking(result.judgement.resolution))


def _rules(book: RuleBook, addresses: Iterable[str]) -> Iterator[WrittenRule]:
    return (rule for address in addresses for rule in book.rules.get(address, ()))


def _told(rule: WrittenRule, what: str) -> NearMiss:
    return NearMiss(f"`{rule.text}` in {rule.path} of {rule.address} {what}.", rule.address, rule.pointer)


def _values(path: str, call: Call, permitted: Iterable[WrittenRule]) -> tuple[str, ...]:
    """What the call does, in the words of the patterns of a field; of commands, those that nothing permits."""
    section = path.partition(".")[0]
    if section == "tools":
        return (call.tool.name,)
    if section == "mcp":
        return call.tool.servers
    if section == "network":
        return hosts_of(call)
    if section == "paths":
        return call.touched.paths
    if section == "exec":
        read = [pattern for rule in permitted if (pattern := command_pattern(rule.text)) is not None]
        left = [one for one in commands_of(call) if not any(pattern.matches(one) for pattern in read)]
        return tuple(" ".join((one.program, *one.arguments)) for one in left)
    return ()
