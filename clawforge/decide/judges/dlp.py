"""What the parameters of a call hold that must not leave: refused, asked about, cut out, or only recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clawforge.decide.blame import Blame
from clawforge.decide.call import Call
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Reason, Record, Redaction
from clawforge.effective import EffectiveDlp, EffectiveDlpRule
from clawforge.resource.dlp_rule_set import DlpAction, DlpDirection
from clawforge.resource.policy_test import Effect
from clawforge.resource.targeting import Enforcement

if TYPE_CHECKING:
    from clawforge.decide.dlp.engine import Scanner, ScanRule
    from clawforge.decide.dlp.scan_params import ParamMatch, ParamScan

_EFFECTS = {DlpAction.BLOCK: Effect.DENY, DlpAction.ASK: Effect.ASK, DlpAction.REDACT: Effect.ALLOW}
_CODES = {DlpAction.BLOCK: "dlp-block", DlpAction.ASK: "dlp-ask", DlpAction.REDACT: "dlp-redact"}
_WHAT_HAPPENS = {
    DlpAction.BLOCK: "the call is denied",
    DlpAction.ASK: "a person must approve the call",
    DlpAction.REDACT: "it is replaced before the call",
}


@dataclass(frozen=True, slots=True)
class DlpVerdict:
    """What was found. `params` are the parameters without what must be cut out, None if nothing is.

    `discreet`: values were found, by whatever rule, so no sentence may quote the parameters.
    """

    reasons: tuple[Reason, ...] = ()
    redactions: tuple[Redaction, ...] = ()
    params: dict[str, Any] | None = None
    records: tuple[Record, ...] = ()
    discreet: bool = False


NOTHING_FOUND = DlpVerdict()


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule with what it applies to. `broken` says why it cannot be compiled: then it counts as found
    everywhere."""

    name: str
    rule: EffectiveDlpRule
    tools: NameMatcher | None
    broken: str

    @property
    def decides(self) -> bool:
        return self.rule.enforcement is Enforcement.ENFORCE and self.rule.action in _EFFECTS


class DlpJudge:
    """Rules on what agents give to tools. Scanners are compiled once for each set of rules that applies to a
    tool."""

    def __init__(self, dlp: EffectiveDlp, blame: Blame) -> None:
        self._blame = blame
        prepared = [_prepared(rule) for rule in dlp.rules if DlpDirection.INPUT in rule.directions]
        names = Counter(rule.name for rule in prepared)
        self._rules = tuple(
            rule if names[rule.name] == 1 else replace(rule, broken="another rule has the same name")
            for rule in prepared
        )
        self._scanners: dict[tuple[str, ...], Scanner] = {}

    def verdict(self, call: Call) -> DlpVerdict:
        """Scan the parameters of a call."""
        rules = [rule for rule in self._rules if rule.tools is None or call.tool.found_by(rule.tools) is not None]
        if not rules:
            return NOTHING_FOUND
        from clawforge.decide.dlp.scan_params import scan_params

        working = [rule for rule in rules if not rule.broken]
        scan = scan_params(self._scanner(working), dict(call.params), call.tool.name)
        found: dict[str, list[ParamMatch]] = {}
        for match in scan.matches:
            found.setdefault(match.rule_id, []).append(match)
        reasons = [*self._reasons(rules, found), *_unscanned(working, scan)]
        redacted = [rule for rule in working if rule.decides and rule.rule.action is DlpAction.REDACT]
        matches = [match for rule in redacted for match in found.get(rule.name, ())]
        params, failure = _without(call.params, matches)
        return DlpVerdict(
            reasons=tuple(reasons if failure is None else [*reasons, failure]),
            redactions=tuple(_redactions(matches, scan)),
            params=params,
            records=tuple(_records(rules, found)),
            discreet=bool(scan.matches),
        )

    def _scanner(self, rules: Sequence[_Rule]) -> Scanner:
        """Threads that race for a new entry make equal ones."""
        key = tuple(rule.name for rule in rules)
        scanner = self._scanners.get(key)
        if scanner is None:
            from clawforge.decide.dlp.engine import Scanner

            scanner = self._scanners[key] = Scanner([_scan_rule(rule.name, rule.rule) for rule in rules])
        return scanner

    def _reasons(self, rules: Sequence[_Rule], found: Mapping[str, Sequence[ParamMatch]]) -> Iterator[Reason]:
        for rule in rules:
            if not rule.decides:
                continue
            if rule.broken:
                asks = rule.rule.action is DlpAction.ASK
                effect, code = (Effect.ASK, "dlp-ask") if asks else (Effect.DENY, "dlp-block")
                message = f"The rule {rule.rule.id} cannot be checked here: {rule.broken}."
                yield self._reason(rule, code, effect, message)
            elif rule.name in found:
                action = rule.rule.action
                kinds = ", ".join(sorted({_kind(rule, match) for match in found[rule.name]}))
                message = (
                    f"The parameters hold what the rule {rule.rule.id} looks for ({kinds}): {_WHAT_HAPPENS[action]}."
                )
                message = f"{message} {rule.rule.message}".strip()
                yield self._reason(rule, _CODES[action], _EFFECTS[action], message)

    def _reason(self, rule: _Rule, code: str, effect: Effect, message: str) -> Reason:
        return self._blame.reason(code, effect, message, "rules", rule.name, resource=rule.rule.resource)


def _prepared(rule: EffectiveDlpRule) -> _Rule:
    from clawforge.decide.dlp.engine import Scanner

    name = f"{rule.resource}/{rule.id}"
    broken = ""
    try:
        Scanner([_scan_rule(name, rule)])
    except ValueError as error:
        broken = str(error)
    return _Rule(name, rule, NameMatcher(rule.tools) if rule.tools else None, broken)


def _scan_rule(name: str, rule: EffectiveDlpRule) -> ScanRule:
    from clawforge.decide.dlp.engine import ScanRule

    return ScanRule(name, detector=rule.detector, pattern=rule.pattern, keywords=rule.keywords)


def _kind(rule: _Rule, match: ParamMatch) -> str:
    return "its pattern" if rule.rule.pattern is not None else match.detector


def _detector(match: ParamMatch) -> str:
    """For a rule with a pattern of its own the id of the rule, without its resource."""
    return match.detector.rpartition("/")[2]


def _unscanned(rules: Sequence[_Rule], scan: ParamScan) -> Iterator[Reason]:
    """What was not scanned may hold anything."""
    actions = {rule.rule.action for rule in rules if rule.decides}
    if not scan.truncated or not actions:
        return
    effect = Effect.ASK if actions == {DlpAction.ASK} else Effect.DENY
    message = "The parameters are too large or too deeply nested to be searched for sensitive values."
    yield Reason(code="dlp-too-large", effect=effect, message=message)


def _without(params: Mapping[str, Any], matches: Sequence[ParamMatch]) -> tuple[dict[str, Any] | None, Reason | None]:
    if not matches:
        return None, None
    from clawforge.decide.dlp.redact import redact

    try:
        redacted = redact(dict(params), [_named(match) for match in matches])
    except ValueError:
        message = "The parameters hold a sensitive value that cannot be cut out of them."
        return None, Reason(code="dlp-block", effect=Effect.DENY, message=message)
    return (redacted if isinstance(redacted, dict) else None), None


def _named(match: ParamMatch) -> ParamMatch:
    return replace(match, detector=_detector(match))


def _redactions(matches: Sequence[ParamMatch], scan: ParamScan) -> Iterator[Redaction]:
    """Spans in values. A pointer through a name that itself holds a sensitive value would give that away; the
    parameters without it are among the obligations all the same."""
    secret_names = {match.pointer for match in scan.matches if match.in_name}
    for match in sorted(matches, key=lambda match: (match.pointer, match.start, match.end)):
        parts = match.pointer.split("/")
        above = {"/".join(parts[:count]) for count in range(1, len(parts) + 1)}
        if not match.in_name and not above & secret_names:
            yield Redaction(pointer=match.pointer, start=match.start, end=match.end, detector=_detector(match))


def _records(rules: Sequence[_Rule], found: Mapping[str, Sequence[ParamMatch]]) -> Iterator[Record]:
    for rule in rules:
        if rule.decides or (rule.name not in found and not rule.broken):
            continue
        action = rule.rule.action
        code = f"would-be-{_CODES[action]}" if action in _CODES else f"dlp-{action.value}"
        warn = action is DlpAction.WARN or (rule.rule.enforcement is Enforcement.WARN and action is not DlpAction.LOG)
        message = f"The parameters hold what the rule {rule.rule.id} looks for."
        if rule.broken:
            message = f"The rule {rule.rule.id} cannot be checked here: {rule.broken}."
        yield Record(code=code, message=message, resource=rule.rule.resource, warn=warn)
