"""What subjects get, without where it was written: for those who compare thousands of policies and show few.

It is what `OrgModel.resolve` gives, by the same functions, but for the message and what is only on trial. What several
classes of subjects have in common is worked out once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from clawforge.effective import (
    Effective,
    EffectiveDlp,
    EffectiveSkills,
    EffectiveVersions,
    Rules,
)
from clawforge.resolve.combine import Combiner, Gathering, decided_fields, rules_of
from clawforge.resolve.field import PolicyField
from clawforge.resolve.meet import Standing, Voice, meet
from clawforge.resolve.statement import Statement
from clawforge.resolve.targets import Target
from clawforge.resolve.verdicts import dlp, skills, versions
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.merge import MergeRule
from clawforge.resource.policy import Policy
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.version_target import VersionTarget

_MESSAGE = "message"
_BY_VOICE = (MergeRule.EVERY_LIST, MergeRule.MOST_SPECIFIC)
"""Rules that look at more of a voice than what it says about the field itself."""

_FIELDS = tuple(
    (
        field,
        frozenset((field.path, field.beside("mode"))) if field.merge.rule in _BY_VOICE else frozenset((field.path,)),
    )
    for field in decided_fields()
    if field.path != _MESSAGE
)
"""The fields, with the paths of all that is looked at to decide them."""

_Kind = TypeVar("_Kind", DlpRuleSet, SkillApproval, VersionTarget)
_Value = TypeVar("_Value")

_NO_DLP, _NO_SKILLS, _NO_VERSIONS = EffectiveDlp(), EffectiveSkills(), EffectiveVersions()


@dataclass(frozen=True, slots=True)
class Bare:
    """What a class of subjects gets; `base` as in `Resolution`. It is matched by the targets of these addresses: the
    `common` ones, which many classes share as one object, and its `own`."""

    effective: Effective
    base: str | None
    common: tuple[str, ...]
    own: tuple[str, ...]

    @property
    def matched(self) -> tuple[str, ...]:
        """The addresses of all that match, sorted."""
        return tuple(sorted((*self.common, *self.own)))


@dataclass(frozen=True, slots=True)
class Common:
    """Targets that many classes share, and what those say together that are no policies."""

    addresses: tuple[str, ...]
    policies: tuple[Policy, ...]
    others: tuple[Target, ...]
    verdicts: Verdicts


class Verdicts(NamedTuple):
    """What holds beside the policies."""

    dlp: EffectiveDlp
    skills: EffectiveSkills
    versions: EffectiveVersions


class BareResolver:
    """Resolves classes under one combiner."""

    def __init__(self, combiner: Combiner) -> None:
        self._combiner = combiner
        self._fields: dict[tuple[object, ...], Statement | None] = {}
        self._defaults: dict[str, Statement | None] = {}
        self._rules: dict[tuple[int, ...], Rules] = {}
        self._verdicts: dict[tuple[object, ...], object] = {}
        # Statements and voices are known by their identity, so they must outlive the answers.
        self._held: list[object] = []
        self._bare_statements: dict[int, Statement] = {}

    def common(self, targets: Sequence[Target]) -> Common:
        """Targets that many classes share, made ready for `resolve`."""
        others = tuple(target for target in targets if not isinstance(target.resource, Policy))
        return Common(
            tuple(target.address for target in targets),
            tuple(target.resource for target in targets if isinstance(target.resource, Policy)),
            others,
            self._verdicts_of(others),
        )

    def resolve(self, common: Common, own: Sequence[Target]) -> Bare:
        """What subjects get whom these targets match, and the common ones."""
        policies = [item.resource for item in own if isinstance(item.resource, Policy)]
        gathered = self._combiner.gather([*common.policies, *policies])
        enforced = gathered.enforced
        verdicts = common.verdicts
        if len(policies) < len(own):
            others = (*common.others, *(item for item in own if not isinstance(item.resource, Policy)))
            verdicts = self._verdicts_of(sorted(others, key=lambda target: target.address))
        effective = Effective.model_construct(
            enforced=self._rules_of(enforced),
            shadow=None,
            shadow_warns=False,
            floor=self._rules_of(gathered.floor),
            **verdicts._asdict(),
        )
        base = enforced.bases[0] if enforced.bases else None
        return Bare(effective, base, common.addresses, tuple(target.address for target in own))

    def alone(self, policy: Policy) -> Bare:
        """What subjects get whom this policy matches and nothing else."""
        gathered = self._combiner.gather([policy])
        effective = Effective.model_construct(
            enforced=self._rules_of(gathered.enforced),
            shadow=None,
            shadow_warns=False,
            floor=self._rules_of(gathered.floor),
            dlp=_NO_DLP,
            skills=_NO_SKILLS,
            versions=_NO_VERSIONS,
        )
        return Bare(effective, gathered.enforced.bases[0] if gathered.enforced.bases else None, (), (policy.address,))

    def _verdicts_of(self, targets: Sequence[Target]) -> Verdicts:
        return Verdicts(
            self._verdict(targets, DlpRuleSet, self._dlp, _NO_DLP),
            self._verdict(targets, SkillApproval, skills, _NO_SKILLS),
            self._verdict(targets, VersionTarget, versions, _NO_VERSIONS),
        )

    def _dlp(self, rule_sets: Sequence[DlpRuleSet]) -> EffectiveDlp:
        return dlp(rule_sets, self._combiner.lexicon)

    def _verdict(
        self,
        matched: Sequence[Target],
        kind: type[_Kind],
        decide: Callable[[Sequence[_Kind]], _Value],
        nothing: _Value,
    ) -> _Value:
        resources: list[_Kind] = [target.resource for target in matched if type(target.resource) is kind]
        if not resources:
            return nothing
        key = (kind, *(id(resource) for resource in resources))
        if key not in self._verdicts:
            self._held.append(resources)
            self._verdicts[key] = decide(resources)
        return self._verdicts[key]  # type: ignore[return-value]  # filed under its kind

    def _rules_of(self, gathering: Gathering) -> Rules:
        spoken = set().union(*(voice.statements for voice in gathering.voices))
        said = [
            (field, self._met(field, gathering) if spoken & paths else self._silent(field)) for field, paths in _FIELDS
        ]
        key = tuple([id(statement) for _, statement in said])
        if key not in self._rules:
            sections: dict[str, dict[str, object]] = {}
            for field, statement in said:
                if statement is not None:
                    sections.setdefault(field.section, {})[field.attribute] = statement.value
            self._rules[key] = rules_of(sections)
        return self._rules[key]

    def _silent(self, field: PolicyField) -> Statement | None:
        """What holds where no policy says anything about a field."""
        if field.path not in self._defaults:
            self._defaults[field.path] = meet(field, self._combiner.heard(field, ()), self._combiner.lexicon)
        return self._defaults[field.path]

    def _met(self, field: PolicyField, gathering: Gathering) -> Statement | None:
        heard = self._combiner.heard(field, gathering.voices)
        key: tuple[object, ...]
        if field.merge.rule in _BY_VOICE:
            mode = field.beside("mode")
            # A base that is silent has a say too: an overlay without a list means the bases' only if all have one.
            speaking = [
                voice
                for voice in heard
                if voice.standing is Standing.BASE or voice.says(field.path) or voice.says(mode)
            ]
            key = (field.path, *((item.standing, id(item.says(field.path)), id(item.says(mode))) for item in speaking))
        else:
            speaking = [voice for voice in heard if voice.says(field.path) is not None]
            key = (field.path, *(id(voice.says(field.path)) for voice in speaking))
        if key not in self._fields:
            self._held.append(speaking)
            bare = [self._stripped(voice, field) for voice in speaking]
            self._fields[key] = meet(field, bare, self._combiner.lexicon)
        return self._fields[key]

    def _stripped(self, voice: Voice, field: PolicyField) -> Voice:
        """The voice without the places of its words, and without what it says about other fields."""
        paths = (field.path, field.beside("mode"))
        said = {path: self._bare(statement) for path in paths if (statement := voice.says(path)) is not None}
        return Voice(voice.standing, said, voice.rank)

    def _bare(self, statement: Statement) -> Statement:
        known = self._bare_statements.get(id(statement))
        if known is None:
            known = self._bare_statements[id(statement)] = Statement(statement.value)
        return known
