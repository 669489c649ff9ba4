"""The rule that would have decided otherwise, if only: the first thing to look at when a policy test fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from clawforge.decide.call import Call
from clawforge.decide.request import Runtime
from clawforge.decide.simulate import simulated_facts
from clawforge.policy_tests import CaseResult
from clawforge.resource.policy_test import Effect
from clawforge.testing.rule_book import RuleBook, WrittenRule
from clawforge.testing.speaks import command_pattern, commands_of, hosts_of

_RANK = {Effect.ALLOW: 0, Effect.ASK: 1, Effect.DENY: 2}
_ALIKE = 0.6
"""Two texts that `difflib` finds less alike than this have nothing to do with one another."""
_MOST_COMPARED = 2_000
"""Patterns that are held against a call by spelling."""
_LONGEST = 200

_PERMITTING = {
    "tool-denied": "tools.allow",
    "tool-not-allowed": "tools.allow",
    "tool-ask": "tools.allow",
    "mcp-denied": "mcp.allow",
    "mcp-not-allowed": "mcp.allow",
    "exec-denied": "exec.allow",
    "exec-command-denied": "exec.allow",
    "exec-not-allowed": "exec.allow",
    "exec-ask": "exec.allow",
    "network-denied": "network.allow",
    "network-not-allowed": "network.allow",
    "skill-source-not-allowed": "skills.sources",
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
    """For a case whose effect was not the expected one; None where nothing comes near."""
    if result.mismatch is None or result.mismatch.aspect != "effect":
        return None
    request = result.judgement.request
    call = Call(request, simulated_facts(request.user), Runtime())
    stricter = _RANK[result.decision.effect] > _RANK[result.case.expect.effect]
    searches: tuple[Callable[[CaseResult, RuleBook, Call], NearMiss | None], ...] = (
        (_beaten_reason, _permission) if stricter else (_on_trial, _prohibition)
    )
    return next((found for search in searches if (found := search(result, book, call)) is not None), None)


def _beaten_reason(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """A reason for the expected effect that a stricter one beat."""
    for reason in result.decision.reasons:
        if reason.effect is result.case.expect.effect:
            message = f"{reason.message} The {result.decision.effect} is stricter and wins."
            return NearMiss(message, reason.resource, reason.path)
    return None


def _permission(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """An entry that permits the call and lost, or the one that is spelt most alike."""
    decisive = result.decision.reasons[0] if result.decision.reasons else None
    path = _PERMITTING.get(decisive.code) if decisive is not None else None
    if decisive is None or path is None:
        return None
    speaking = book.speaking(result.judgement.resolution)
    ours = [rule for rule in _rules(book, speaking) if rule.path == path]
    fitting = None if decisive.code in _MISSING else next((rule for rule in ours if rule.speaks_of(call)), None)
    if fitting is not None:
        return _told(fitting, "permits this, but what refuses wins over it")
    found = _alike(ours, _values(path, call, ours))
    if found is not None:
        return _told(found, "is spelt most like this among what is permitted")
    return _elsewhere(result, book, call, (path,), "permits this")


def _on_trial(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """A policy that would have decided so, and only observes."""
    for record in result.decision.obligations.record:
        if record.code in _ON_TRIAL.get(result.case.expect.effect, ()):
            return NearMiss(f"{record.message} But it is on trial and only records.", record.resource)
    return None


def _prohibition(result: CaseResult, book: RuleBook, call: Call) -> NearMiss | None:
    """An entry that forbids the call to somebody else, or the one that is spelt most alike."""
    paths = _FORBIDDING.get(result.case.expect.effect, ())
    speaking = book.speaking(result.judgement.resolution)
    candidates = [
        (found, _likeness(found, wanted))
        for path in paths
        if (wanted := _values(path, call, ()))
        and (found := _alike([rule for rule in _rules(book, speaking) if rule.path == path], wanted)) is not None
    ]
    if candidates:
        return _told(max(candidates, key=lambda item: item[1])[0], "is spelt most like this among what refuses")
    return _elsewhere(result, book, call, paths, "refuses this" if "tools.deny" in paths else "asks about this")


def _elsewhere(result: CaseResult, book: RuleBook, call: Call, paths: tuple[str, ...], does: str) -> NearMiss | None:
    """The same in a policy that has no say for this subject."""
    speaking = set(book.speaking(result.judgement.resolution))
    others = (rule for rule in _rules(book, book.rules) if rule.address not in speaking and rule.path in paths)
    for rule in islice(others, _MOST_COMPARED):
        if "*" not in rule.patterns and rule.speaks_of(call):
            return _told(rule, f"{does}, but does not count for this subject")
    return None


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


def _alike(rules: Iterable[WrittenRule], wanted: tuple[str, ...]) -> WrittenRule | None:
    compared = [(rule, _likeness(rule, wanted)) for rule in islice(rules, _MOST_COMPARED)]
    best = max(compared, key=lambda item: item[1], default=None)
    return best[0] if best is not None and best[1] >= _ALIKE else None


def _likeness(rule: WrittenRule, wanted: tuple[str, ...]) -> float:
    """How much the most similar of the pattern's texts looks like something that the call does, from 0 to 1."""
    texts = {rule.text, *rule.patterns[:64]} if rule.path.startswith("tools.") else {rule.text}
    return max((_ratio(_plain(text), value) for text in texts for value in wanted), default=0.0)


def _plain(pattern: str) -> str:
    return pattern.replace("**", "").rstrip("*/ ").removeprefix("group:")


def _ratio(pattern: str, value: str) -> float:
    """Against the whole of a text and against its beginning, for patterns leave their rest open."""
    matcher = SequenceMatcher(None, "", pattern[:_LONGEST].casefold(), autojunk=False)
    best = 0.0
    for text in {value[:_LONGEST].casefold(), value[: len(pattern) + 2][:_LONGEST].casefold()}:
        matcher.set_seq1(text)
        if pattern and text and matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            best = max(best, matcher.ratio())
    return best
