"""What applies besides policies: DLP rules, verdicts on skills, version targets. Each is the union of what
matches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from clawforge.effective import (
    EffectiveDlp,
    EffectiveDlpRule,
    EffectiveSkills,
    EffectiveVersions,
    EffectiveVersionTarget,
    SkillIdentity,
    Source,
    SourceKey,
)
from clawforge.resolve.lexicon import Lexicon
from clawforge.resource.dlp_rule_set import DlpDirection, DlpRule, DlpRuleSet
from clawforge.resource.merge import Vocabulary
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.version_target import ComponentTarget, VersionTarget

_DIRECTIONS = tuple(DlpDirection)


def dlp(rule_sets: Sequence[DlpRuleSet], lexicon: Lexicon) -> EffectiveDlp:
    """Every rule, with the enforcement of its set; groups of tools are expanded."""
    rules = [_dlp_rule(rule_set, rule, lexicon) for rule_set in rule_sets for rule in rule_set.spec.rules]
    return EffectiveDlp(rules=tuple(sorted(rules, key=lambda rule: (rule.resource, rule.id))))


def _dlp_rule(rule_set: DlpRuleSet, rule: DlpRule, lexicon: Lexicon) -> EffectiveDlpRule:
    # If every group of the rule is unknown nothing is left, which means every tool: too much is caught, not
    # nothing.
    tools = [name for item in rule.tools for name in lexicon.expand(Vocabulary.TOOLS, item) or ()]
    return EffectiveDlpRule(
        resource=rule_set.address,
        id=rule.id,
        detector=rule.detector,
        pattern=rule.pattern,
        keywords=rule.keywords,
        tools=lexicon.normalise(Vocabulary.TOOLS, tools),
        directions=tuple(sorted(set(rule.directions), key=_DIRECTIONS.index)),
        action=rule.action,
        severity=rule.severity,
        enforcement=rule_set.spec.enforcement,
        message=rule.message,
    )


def unknown_dlp_groups(rule_sets: Iterable[DlpRuleSet], lexicon: Lexicon) -> list[tuple[str, str]]:
    """(resource, group) for groups of tools that the catalogue does not know."""
    return sorted(
        {
            (rule_set.address, item)
            for rule_set in rule_sets
            for rule in rule_set.spec.rules
            for item in rule.tools
            if lexicon.expand(Vocabulary.TOOLS, item) is None
        }
    )


def skills(approvals: Sequence[SkillApproval]) -> EffectiveSkills:
    """What is revoked or rejected is refused, approved or not, wherever the verdict applies.

    An approval that a refusal covers is left out. A refusal only ever takes away, and an approval only ever gives, so
    no verdict weakens another of its sort (docs/decisions/0045-a-rejected-skill-is-refused.md).
    """
    refused = sorted((_identity(one) for one in approvals if _is_refusal(one)), key=_skill_order)
    approved = (_identity(one) for one in approvals if not _is_refusal(one))
    return EffectiveSkills(
        approved=tuple(sorted((one for one in approved if not _is_covered(one, refused)), key=_skill_order)),
        revoked=tuple(refused),
    )


def _is_refusal(approval: SkillApproval) -> bool:
    return approval.spec.status is not SkillStatus.APPROVED


def _identity(approval: SkillApproval) -> SkillIdentity:
    spec = approval.spec
    return SkillIdentity(resource=approval.address, key=spec.key, version=spec.version, digest=spec.digest)


def _is_covered(one: SkillIdentity, refused: Iterable[SkillIdentity]) -> bool:
    """Whether everything that it names is refused."""
    return any(
        no.key == one.key and no.version in (None, one.version) and no.digest in (None, one.digest) for no in refused
    )


def _skill_order(skill: SkillIdentity) -> tuple[str, str, str, str]:
    return (skill.key, skill.version or "", skill.digest or "", skill.resource)


def versions(targets: Sequence[VersionTarget]) -> EffectiveVersions:
    """Every component of every target."""
    found = [one for target in targets for one in _version_targets(target)]
    return EffectiveVersions(targets=tuple(sorted(found, key=lambda one: (one.resource, one.component))))


def _version_targets(target: VersionTarget) -> Iterable[EffectiveVersionTarget]:
    spec = target.spec
    parts: tuple[tuple[Literal["host", "plugin", "runtime"], ComponentTarget | None], ...] = (
        ("host", spec.components.host),
        ("plugin", spec.components.plugin),
        ("runtime", spec.components.runtime),
    )
    for component, wanted in parts:
        if wanted is not None:
            # Built without validation: it would want the grace as text, and the values come from a validated
            # model.
            yield EffectiveVersionTarget.model_construct(
                resource=target.address,
                component=component,
                target=wanted,
                grace=spec.grace,
                deadline=spec.deadline,
                enforcement=spec.enforcement,
                message=spec.message,
            )


def verdict_places(
    rule_sets: Iterable[DlpRuleSet], approvals: Iterable[SkillApproval], targets: Iterable[VersionTarget]
) -> Iterable[tuple[str, tuple[Source, ...]]]:
    """Where each rule and verdict is written: `dlp:rules#<resource>/<id>`, `skills:verdicts#<resource>` and
    `versions:targets#<resource>/<component>`."""
    for rule_set in rule_sets:
        for index, rule in enumerate(rule_set.spec.rules):
            place = Source(resource=rule_set.address, pointer=f"/spec/rules/{index}")
            yield str(SourceKey("dlp", "rules", f"{rule_set.address}/{rule.id}")), (place,)
    for approval in approvals:
        place = Source(resource=approval.address, pointer="/spec/status")
        yield str(SourceKey("skills", "verdicts", approval.address)), (place,)
    for target in targets:
        for one in _version_targets(target):
            place = Source(resource=target.address, pointer=f"/spec/components/{one.component}")
            yield str(SourceKey("versions", "targets", f"{target.address}/{one.component}")), (place,)
