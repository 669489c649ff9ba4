"""What policy tests try out: a rule counts as tried when a call of a case is what the rule speaks of, and the rule
counts for the subject of that case. Whether it decided does not matter: deny wins over allow in a good test, too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.decide.call import Call
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Runtime
from clawforge.decide.simulate import Judgement, simulated_facts
from clawforge.effective import EffectiveDlpRule
from clawforge.policy_tests import CaseResult
from clawforge.resource.dlp_rule_set import DlpDirection, DlpRuleSet
from clawforge.resource.meta import Resource
from clawforge.testing.rule_book import RuleBook, WrittenRule

if TYPE_CHECKING:
    from clawforge.decide.dlp.engine import Scanner

_Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule and whether a case tried it. `pointer` is its place in the resource; `field` is `rules` for a rule of a
    DlpRuleSet, and `text` then its id."""

    address: str
    pointer: str
    field: str
    text: str
    tried: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """Policies by address, each with whether it had a say in a case; rules of policies; rules against leaks."""

    policies: Mapping[str, bool]
    rules: tuple[RuleUse, ...]
    dlp_rules: tuple[RuleUse, ...]

    @property
    def percent(self) -> float:
        """Rules that were tried, of both sorts, in percent with one decimal, rounded down; 100 if there are none."""
        every = (*self.rules, *self.dlp_rules)
        return 100.0 if not every else 1000 * sum(rule.tried for rule in every) // len(every) / 10


def coverage(resources: Iterable[Resource], results: Iterable[CaseResult]) -> Coverage:
    """What these results say about these resources."""
    every = sorted(resources, key=lambda resource: resource.address)
    book = RuleBook(every)
    leaks = _LeakSearch()
    heard: set[str] = set()
    tried: set[_Place] = set()
    leaked: set[tuple[str, str]] = set()
    for result in results:
        judgement = result.judgement
        call = Call(judgement.request, simulated_facts(judgement.request.user), Runtime())
        for address in book.speaking(judgement.resolution):
            heard.add(address)
            tried.update(_places(book.rules[address], tried, call))
        leaked.update(leaks.found(judgement, call))
    return Coverage(
        policies={address: address in heard for address in book.policies},
        rules=tuple(
            RuleUse(rule.address, rule.pointer, rule.path, rule.text, (rule.address, rule.pointer) in tried)
            for rules in book.rules.values()
            for rule in rules
        ),
        dlp_rules=tuple(
            RuleUse(item.address, f"/spec/rules/{index}", "rules", rule.id, (item.address, rule.id) in leaked)
            for item in every
            if isinstance(item, DlpRuleSet)
            for index, rule in enumerate(item.spec.rules)
            if DlpDirection.INPUT in rule.directions
        ),
    )


def _places(rules: Iterable[WrittenRule], tried: set[_Place], call: Call) -> list[_Place]:
    """Those that the call tries and that were not tried before."""
    return [place for rule in rules if (place := (rule.address, rule.pointer)) not in tried and rule.speaks_of(call)]


class _LeakSearch:
    """Looks in parameters with every rule of a policy at once, one scanner a policy."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Scanner, list[tuple[EffectiveDlpRule, NameMatcher | None]]]] = {}

    def found(self, judgement: Judgement, call: Call) -> Iterator[tuple[str, str]]:
        """(address, id) of the rules that find something in the parameters."""
        from clawforge.decide.dlp.scan_params import scan_params

        key = judgement.resolution.digest
        if key not in self._known:
            self._known[key] = _prepared(judgement.resolution.effective.dlp.rules)
        scanner, rules = self._known[key]
        if not rules or not call.params:
            return
        hits = {match.rule_id for match in scan_params(scanner, dict(call.params), call.tool.name).matches}
        for rule, tools in rules if hits else ():
            if _name(rule) in hits and (tools is None or call.tool.found_by(tools) is not None):
                yield rule.resource, rule.id


def _prepared(rules: Iterable[EffectiveDlpRule]) -> tuple[Scanner, list[tuple[EffectiveDlpRule, NameMatcher | None]]]:
    """A rule that cannot be compiled finds nothing, so nothing tries it."""
    from clawforge.decide.dlp.engine import Scanner, ScanRule

    kept, compiled = [], []
    for rule in rules:
        one = ScanRule(_name(rule), detector=rule.detector, pattern=rule.pattern, keywords=rule.keywords)
        try:
            Scanner([one])
        except ValueError:
            continue
        compiled.append(one)
        kept.append((rule, NameMatcher(rule.tools) if rule.tools else None))
    return Scanner(compiled), kept


def _name(rule: EffectiveDlpRule) -> str:
    return f"{rule.resource}/{rule.id}"
