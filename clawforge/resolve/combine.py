"""Matching policies become one set of rules: the base is chosen, overlays and guardrails narrow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from clawforge.effective import NOTHING_ALLOWED, Rules, Source, SourceKey
from clawforge.resolve.field import policy_fields
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.meet import Standing, Voice, meet
from clawforge.resolve.selector import specificity
from clawforge.resolve.statement import PROFILE, Speaker, Statement, read_rules
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy, PolicyMode, PolicyRules
from clawforge.resource.targeting import Enforcement

_STANDING = {
    PolicyMode.GUARDRAIL: Standing.GUARDRAIL,
    PolicyMode.OVERLAY: Standing.OVERLAY,
    PolicyMode.BASE: Standing.BASE,
}


@dataclass(frozen=True, slots=True)
class Combined:
    """Rules, the place of every value, and the bases they start from: none, one, or several that tie."""

    rules: Rules
    provenance: Mapping[str, tuple[Source, ...]]
    bases: tuple[str, ...]


class Combiner:
    """Combines policies under one catalogue and one organisation's defaults."""

    def __init__(self, speaker: Speaker, lexicon: Lexicon, organization: Organization | None) -> None:
        self._speaker = speaker
        self._lexicon = lexicon
        self._default = _default_voice(organization, lexicon)
        self._nothing = Voice(Standing.BASE, _statements_of(NOTHING_ALLOWED))

    def combine(self, part: str, policies: Sequence[Policy]) -> Combined:
        """The rules for subjects that these policies match; without a base nothing is allowed."""
        bases = most_specific_bases(policies)
        voices = [
            *self._voices(p for p in policies if p.spec.mode is not PolicyMode.BASE),
            *self._voices(bases),
        ]
        if not bases:
            voices.append(self._nothing)
        return self._merge(part, voices, tuple(base.address for base in bases))

    def floor(self, policies: Sequence[Policy]) -> Combined:
        """What holds even for an elevated call: the guardrails on a start that allows everything."""
        guardrails = [p for p in policies if _holds_always(p)]
        return self._merge("floor", self._voices(guardrails), ())

    def _voices(self, policies: Iterable[Policy]) -> list[Voice]:
        ordered = sorted(policies, key=_authority)
        return [Voice(_STANDING[policy.spec.mode], self._speaker.says(policy), _rank(policy)[:2]) for policy in ordered]

    def _merge(self, part: str, voices: Sequence[Voice], bases: tuple[str, ...]) -> Combined:
        sections: dict[str, dict[str, Any]] = {}
        provenance: dict[str, tuple[Source, ...]] = {}
        starts = [voice for voice in voices if voice.standing is Standing.BASE]
        for field in policy_fields():
            if field.path == PROFILE:
                continue
            # With several bases a silent one speaks by its default: their intersection is that of complete
            # policies.
            silent = not starts or any(voice.says(field.path) is None for voice in starts)
            said = meet(field, [*voices, self._default] if silent else voices, self._lexicon)
            if said is None:
                continue
            sections.setdefault(field.section, {})[field.attribute] = said.value
            provenance.update(_places(part, field.path, said))
        return Combined(_rules(sections), provenance, bases)


def most_specific_bases(policies: Iterable[Policy]) -> list[Policy]:
    """The bases of the highest specificity and priority, by address: one, none, or several that tie."""
    bases = [policy for policy in policies if policy.spec.mode is PolicyMode.BASE]
    if not bases:
        return []
    highest = max(_rank(base) for base in bases)
    return sorted((base for base in bases if _rank(base) == highest), key=lambda base: base.address)


def _rank(policy: Policy) -> tuple[int, int, int]:
    return (*specificity(policy.spec.applies_to), policy.spec.priority)


def _authority(policy: Policy) -> tuple[int, int, int, int, str]:
    """Sorts by standing, then specificity, then priority, then address."""
    rank, keys, priority = _rank(policy)
    return (_STANDING[policy.spec.mode], -rank, -keys, -priority, policy.address)


def _holds_always(policy: Policy) -> bool:
    return policy.spec.mode is PolicyMode.GUARDRAIL and policy.spec.enforcement is Enforcement.ENFORCE


def _default_voice(organization: Organization | None, lexicon: Lexicon) -> Voice:
    statements = {
        field.path: Statement(field.merge.default)
        for field in policy_fields()
        if field.merge.default is not None and field.path != PROFILE
    }
    if organization is not None:
        rules = PolicyRules(audit=organization.spec.audit, offline=organization.spec.offline)
        statements.update(read_rules(rules, organization.address, "/spec", lexicon))
    return Voice(Standing.DEFAULT, statements)


def _statements_of(rules: Rules) -> dict[str, Statement]:
    """Rules that nobody wrote as statements without a place; what equals the built-in default says
    nothing."""
    unset = Rules()
    statements = {}
    for field in policy_fields():
        if field.path == PROFILE:
            continue
        value = field.value_in(rules)
        if value != field.value_in(unset):
            statements[field.path] = Statement(value)
    return statements


def _places(part: str, path: str, said: Statement) -> Iterable[tuple[str, tuple[Source, ...]]]:
    if said.sources:
        yield str(SourceKey(part, path)), _unique(said.sources)
    for member, places in (said.members or {}).items():
        if places:
            yield str(SourceKey(part, path, member)), _unique(places)


def _unique(places: Iterable[Source]) -> tuple[Source, ...]:
    return tuple({(place.resource, place.pointer): place for place in places}.values())


def _rules(sections: Mapping[str, Mapping[str, Any]]) -> Rules:
    """The values come out of validated models; validating again would want durations as text."""
    values: dict[str, Any] = dict(sections.get("", {}))
    for name, info in Rules.model_fields.items():
        model = info.annotation
        if name in sections and isinstance(model, type) and issubclass(model, BaseModel):
            values[name] = model.model_construct(**sections[name])
    return Rules(**values)
