"""How the rules of a subject come about: which base they start from, and what each policy does to each field.

The stages are the resolver's own: who speaks, which voices are heard about a field, and how they meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from clawforge.effective import Rules, Source
from clawforge.position import Positions
from clawforge.resolve.combine import Combiner, Gathering, base_rank, decided_fields, rules_of
from clawforge.resolve.field import PolicyField
from clawforge.resolve.meet import Standing, Voice, meet_by_step
from clawforge.resolve.provenance import located
from clawforge.resolve.selector import specificity
from clawforge.resolve.statement import Statement
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import Strict
from clawforge.resource.policy import Policy, PolicyMode

StandingName = Literal["default", "base", "overlay", "guardrail"]
PartName = Literal["enforced", "shadow", "floor"]

_STANDINGS: Mapping[Standing, StandingName] = {
    Standing.DEFAULT: "default",
    Standing.BASE: "base",
    Standing.OVERLAY: "overlay",
    Standing.GUARDRAIL: "guardrail",
}


class Contender(Strict):
    """A base that matches. Bases are compared by their most specific key, then by the number of keys, then by priority;
    `verdict` says how this one fared, in a phrase."""

    address: str
    specificity: str
    keys: int
    priority: int
    won: bool
    verdict: str
    source: Source


class Step(Strict):
    """What one policy does to a field: what it says itself, and the value that holds from then on.

    `speaker` is empty for what no policy says: a built-in default, or that nothing is allowed where no base matches.
    `said` is None where a policy has a say by its exec mode alone.
    """

    speaker: str = ""
    standing: StandingName
    said: Any = None
    value: Any = None
    changed: bool
    places: tuple[Source, ...] = ()


class FieldDerivation(Strict):
    """A field from its default to the value that holds. `places` decided it, the most important first; where nobody
    says anything, there are no steps and the value is the default."""

    path: str
    rule: str
    steps: tuple[Step, ...]
    value: Any = None
    places: tuple[Source, ...] = ()


class PartDerivation(Strict):
    """One part of the effective policy: what is enforced, what would be without trials, or what holds even for an
    elevated call."""

    part: PartName
    bases: tuple[str, ...]
    contenders: tuple[Contender, ...]
    fields: tuple[FieldDerivation, ...]


def derive(
    part: PartName, combiner: Combiner, gathering: Gathering, policies: Sequence[Policy], positions: Positions
) -> PartDerivation:
    """The derivation of a gathering of `policies`."""
    bases = [] if part == "floor" else [policy for policy in policies if policy.spec.mode is PolicyMode.BASE]
    return PartDerivation(
        part=part,
        bases=gathering.bases,
        contenders=_contenders(bases, gathering.bases, positions),
        fields=tuple(_derived(field, combiner, gathering, positions) for field in decided_fields()),
    )


def _derived(field: PolicyField, combiner: Combiner, gathering: Gathering, positions: Positions) -> FieldDerivation:
    steps: list[Step] = []
    value: Any = _value(field, None)
    places: tuple[Source, ...] = ()
    for voice, said in meet_by_step(field, combiner.heard(field, gathering.voices), combiner.lexicon):
        before, value = value, _value(field, said)
        places = _located(said, positions)
        own = voice.says(field.path)
        if own is not None or value != before:
            steps.append(_step(field, voice, value, value != before, positions))
    return FieldDerivation(path=field.path, rule=field.merge.rule.value, steps=tuple(steps), value=value, places=places)


def _step(field: PolicyField, voice: Voice, value: Any, changed: bool, positions: Positions) -> Step:
    own = voice.says(field.path)
    # What the mode says where it speaks for the list.
    places = _located(own if own is not None else voice.says(field.beside("mode")), positions)
    return Step(
        speaker=voice.speaker or (places[0].resource if places else ""),
        standing=_STANDINGS[voice.standing],
        said=None if own is None else _said(field, own),
        value=value,
        changed=changed,
        places=places,
    )


def _value(field: PolicyField, holds: Statement | None) -> Any:
    """The value of a field as the effective policy writes it; the default where nobody says anything."""
    rules = Rules() if holds is None else rules_of({field.section: {field.attribute: holds.value}})
    written = rules.model_dump(mode="json", by_alias=True, include={field.section or field.attribute})
    for name in field.path.split("."):
        written = written[name]
    return written


def _said(field: PolicyField, own: Statement) -> Any:
    """What one policy says. Of commands it says one list, where the effective policy has a list of lists."""
    return list(own.value) if field.merge.rule is MergeRule.EVERY_LIST else _value(field, own)


def _located(said: Statement | None, positions: Positions) -> tuple[Source, ...]:
    places = () if said is None else said.sources
    return tuple(dict.fromkeys(located(place, positions) for place in places))


def _contenders(bases: Sequence[Policy], winners: tuple[str, ...], positions: Positions) -> tuple[Contender, ...]:
    """The winners first, then from the strongest to the weakest."""
    ordered = sorted(bases, key=lambda base: (tuple(-number for number in base_rank(base)), base.address))
    return tuple(
        Contender(
            address=base.address,
            specificity=specificity(base.spec.applies_to).key,
            keys=specificity(base.spec.applies_to).keys,
            priority=base.spec.priority,
            won=base.address in winners,
            verdict=_verdict(base, ordered, winners),
            source=located(Source(resource=base.address), positions),
        )
        for base in ordered
    )


def _verdict(base: Policy, ordered: Sequence[Policy], winners: tuple[str, ...]) -> str:
    """A winner is compared with the strongest of the others, another base with the winner."""
    won = base.address in winners
    if won and len(winners) > 1:
        return "as specific and of the same priority as another: only what all of them allow is allowed"
    rival = next((other for other in ordered if (other.address in winners) != won), None)
    if rival is None:
        return "the only base that matches"
    mine, theirs = specificity(base.spec.applies_to), specificity(rival.spec.applies_to)
    if mine.rank != theirs.rank:
        return f"`{mine.key}` is {'more' if won else 'less'} specific than `{theirs.key}` of {rival.address}"
    if mine.keys != theirs.keys:
        return f"has {'more' if won else 'fewer'} keys ({mine.keys}) than {rival.address} ({theirs.keys})"
    priorities = f"{base.spec.priority} is {'higher' if won else 'lower'} than {rival.spec.priority}"
    return f"equally specific, and its priority {priorities} of {rival.address}"
