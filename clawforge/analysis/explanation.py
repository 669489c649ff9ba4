"""The whole derivation of what a subject may do: who it is, what matched and why, and how each value came about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from clawforge.analysis.derivation import PartDerivation, derive
from clawforge.analysis.matching import Hit, Miss, hits_and_misses
from clawforge.analysis.standing import SubjectStanding, standing_of
from clawforge.decide.request import Decision
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resolve.view import effective_view
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.targeting import Enforcement
from clawforge.wire import EffectiveView


class Explanation(EffectiveView):
    """An effective policy with its derivation.

    `hits` are the resources that count, in address order, and `misses` those that do not, if they were asked for.
    `parts` begins with `enforced`; `shadow` is there while a policy is on trial. `decision` is there if a call was
    given.
    """

    standing: SubjectStanding
    hits: tuple[Hit, ...]
    misses: tuple[Miss, ...] | None = None
    parts: tuple[PartDerivation, ...]
    decision: Decision | None = None


def explain(
    org: OrgModel,
    resources: Sequence[Resource],
    subject: Subject,
    at: dt.datetime,
    positions: Positions,
    *,
    misses: bool = False,
    revision: int | None = None,
    decision: Decision | None = None,
) -> Explanation:
    """Why the subject gets what `org.resolve` gives it at that moment.

    `resources` are those that the model was made of; `decision` is one on a call of this subject at this moment. Raises
    InputError as `OrgModel.resolve` does.
    """
    view = effective_view(org, subject, at, positions, revision=revision)
    facts = org.facts(subject)
    found, missed = hits_and_misses(org, facts, at, positions)
    matched = frozenset(view.matched)
    return Explanation(
        **dict(view),
        standing=standing_of(org, resources, subject, positions),
        hits=found,
        misses=missed if misses else None,
        parts=_parts(org, matched, positions),
        decision=decision,
    )


def _parts(org: OrgModel, matched: frozenset[str], positions: Positions) -> tuple[PartDerivation, ...]:
    targeted = (target.resource for target in org.index.targets if target.address in matched)
    policies = [resource for resource in targeted if isinstance(resource, Policy)]
    deciding = [policy for policy in policies if policy.spec.enforcement is Enforcement.ENFORCE]
    gathered = org.combiner.gather(policies)
    parts = [derive("enforced", org.combiner, gathered.enforced, deciding, positions)]
    if gathered.shadow is not None:
        parts.append(derive("shadow", org.combiner, gathered.shadow, policies, positions))
    parts.append(derive("floor", org.combiner, gathered.floor, deciding, positions))
    return tuple(parts)
