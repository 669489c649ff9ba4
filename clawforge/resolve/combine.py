"""Matching policies become one set of rules: the base is chosen, overlays and guardrails narrow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel

from clawforge.effective import NOTHING_ALLOWED, Rules, Source, SourceKey
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.meet import Standing, Voice, Voices, meet
from clawforge.resolve.selector import specificity
from clawforge.resolve.statement import PROFILE, Speaker, Statement, Statements, read_rules
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy, PolicyMode, PolicyRules
from clawforge.resource.targeting import Enforcement

_STANDING = {
    PolicyMode.GUARDRAIL: Standing.GUARDRAIL,
    PolicyMode.OVERLAY: Standing.OVERLAY,
    PolicyMode.BASE: Standing.BASE,
}


@dataclass(frozen=True, slots=True)
class Gathering:
    """Who speaks in one part of an effective policy, in order of authority, and the bases that it starts from."""

    part: str
    voices: Voices
    bases: tuple[str, ...]


class Gathered(NamedTuple):
    """The parts of an effective policy; `shadow` is None where no policy is on trial."""

    enforced: Gathering
    shadow: Gathering | None
    floor: Gathering


@dataclass(frozen=True, slots=True)
class Combined:
    """Rules, the place of every value, and the bases they start from: none, one, or several that tie."""

    rules: Rules
    provenance: Mapping[str, tuple[Source, ...]]
    bases: tuple[str, ...]


class Combiner:
    """Combines policies under one catalogue and one organisation's defaults."""

    def __init__(self, speaker: Speaker, lexicon: Lexicon, organization: Organization | None) -> None:
        self.lexicon = lexicon
        self._speaker = speaker
        self._default = _default_voice(organization, lexicon)
        self._nothing = Voice(Standing.BASE, _statements_of(NOTHING_ALLOWED))

    def says(self, policy: Policy) -> Statements:
        """What a policy says about every field, with what it extends; without whom it is for."""
        return self._speaker.says(policy)

    def gather(self, policies: Sequence[Policy]) -> Gathered:
        """Who speaks for subjects that these policies match, in each part."""
        deciding = [policy for policy in policies if policy.spec.enforcement is Enforcement.ENFORCE]
        guardrails = [policy for policy in deciding if policy.spec.mode is PolicyMode.GUARDRAIL]
        return Gathered(
            enforced=self._gathering("enforced", deciding),
            shadow=self._gathering("shadow", policies) if len(deciding) < len(policies) else None,
            # What holds even for an elevated call: the guardrails on a start that allows everything.
            floor=Gathering("floor", self._voices(guardrails), ()),
        )

    def combine(self, gathering: Gathering) -> Combined:
        """The rules of one part."""
        sections: dict[str, dict[str, Any]] = {}
        provenance: dict[str, tuple[Source, ...]] = {}
        for field in decided_fields():
            said = meet(field, self.heard(field, gathering.voices), self.lexicon)
            if said is None:
                continue
            sections.setdefault(field.section, {})[field.attribute] = said.value
            provenance.update(_places(gathering.part, field.path, said))
        return Combined(rules_of(sections), provenance, gathering.bases)

    def message(self, gathering: Gathering) -> str | None:
        """What people are shown when a call is refused."""
        said = meet(_message_field(), gathering.voices, self.lexicon)
        return None if said is None else str(said.value)

    def heard(self, field: PolicyField, voices: Voices) -> Voices:
        """These voices, and the defaults where a base is silent about the field.

        With several bases a silent one speaks by its default: their intersection is that of complete policies.
        """
        starts = [voice for voice in voices if voice.standing is Standing.BASE]
        silent = not starts or any(voice.says(field.path) is None for voice in starts)
        return [*voices, self._default] if silent else voices

    def _gathering(self, part: str, policies: Sequence[Policy]) -> Gathering:
        """Without a base nothing is allowed."""
        bases = most_specific_bases(policies)
        narrowing = self._voices(policy for policy in policies if policy.spec.mode is not PolicyMode.BASE)
        starts = self._voices(bases) or [self._nothing]
        return Gathering(part, [*narrowing, *starts], tuple(base.address for base in bases))

    def _voices(self, policies: Iterable[Policy]) -> list[Voice]:
        return [
            Voice(_STANDING[policy.spec.mode], self._speaker.says(policy), base_rank(policy)[:2], policy.address)
            for policy in sorted(policies, key=_authority)
        ]


@cache
def decided_fields() -> tuple[PolicyField, ...]:
    """The fields of an effective policy; a profile is a part of what `tools.allow` says."""
    return tuple(field for field in policy_fields() if field.path != PROFILE)


@cache
def _message_field() -> PolicyField:
    return next(field for field in decided_fields() if field.path == "message")


def most_specific_bases(policies: Iterable[Policy]) -> list[Policy]:
    """The bases of the highest specificity and priority, by address: one, none, or several that tie."""
    bases = [policy for policy in policies if policy.spec.mode is PolicyMode.BASE]
    if not bases:
        return []
    highest = max(base_rank(base) for base in bases)
    return sorted((base for base in bases if base_rank(base) == highest), key=lambda base: base.address)


def base_rank(policy: Policy) -> tuple[int, int, int]:
    """By what bases are compared: the rank of the most specific key, the number of keys, the priority."""
    return (*specificity(policy.spec.applies_to), policy.spec.priority)


def _authority(policy: Policy) -> tuple[int, int, int, int, str]:
    """Sorts by standing, then specificity, then priority, then address."""
    rank, keys, priority = base_rank(policy)
    return (_STANDING[policy.spec.mode], -rank, -keys, -priority, policy.address)


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


def rules_of(sections: Mapping[str, Mapping[str, Any]]) -> Rules:
    """Rules from values by section and attribute. The values come out of validated models; validating again would want
    durations as text."""
    values: dict[str, Any] = dict(sections.get("", {}))
    for name, info in Rules.model_fields.items():
        model = info.annotation
        if name in sections and isinstance(model, type) and issubclass(model, BaseModel):
            values[name] = model.model_construct(**sections[name])
    return Rules(**values)
