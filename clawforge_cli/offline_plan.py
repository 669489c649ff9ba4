"""A plan without a control plane: against nothing, the files of another directory, or what was seen last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawforge.errors import InputError
from clawforge.meaning import meaning_digest
from clawforge.plan import ApprovalNeed, Approvals, Plan
from clawforge.plan_scope import narrowed
from clawforge.planning import make_plan
from clawforge.proposal import Proposal, own_entries
from clawforge.state import EMPTY_STATE, State, entries_of
from clawforge_cli.compared import Compared
from clawforge_cli.proposal import EVERYTHING, PlanOptions, forgotten

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.meaning import Meaning
    from clawforge.position import Positions
    from clawforge.proposal_checks import ProposalChecks
    from clawforge.resolve.org import OrgModel
    from clawforge.resource.meta import Resource


def plan_offline(
    project: Project,
    against: Compared | None,
    now: dt.datetime,
    *,
    moment: dt.datetime | None = None,
    options: PlanOptions = EVERYTHING,
) -> tuple[Plan, ProposalChecks]:
    """The plan that a control plane would make whose org holds what `against` says, unsigned and without an id. What it
    means is worked out as of `moment`, or of now.

    Raises InputError if the two projects speak for different orgs, and OwnedElsewhereError if the other one, being
    another source, owns what this one declares.
    """
    from clawforge.proposal_checks import check_proposal, lint_proposal
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.subject import Subject
    from clawforge.resolve.variants import check_variants, horizon
    from clawforge.resource.user import User

    base, base_positions = _base(project, against)
    proposal, left_out = _proposal(project, base, options).within(options.scope, base, base_positions)
    planned = make_plan(proposal, base, base_positions)
    before = {} if against is None else {item.address: item for item in against.values}
    proposed = proposal.resources(base, before, {item.address: item for item in project.values})
    since = (moment or now).replace(microsecond=0)
    positions = proposal.positions
    findings = lint_proposal(proposal.org, proposed)
    checked = check_proposal(proposed, findings, {**base_positions, **positions}, proposal.entries, since)
    scope = () if options.scope.is_everything else (narrowed(options.scope, left_out),)
    found: dict[str, Any] = {"checks": checked.checks, "warnings": (*scope, *checked.warnings)}
    if checked.resolvable:
        model = OrgModel(proposed)
        if checked.passed:
            users = (Subject(user=item.metadata.name) for item in proposed if isinstance(item, User))
            check_variants(model, users, *horizon(now))
        found["meaning"] = _meaning(planned.plan, against, proposed, model, since, (base_positions, positions))
        found["meaning_digest"] = meaning_digest(found["meaning"])
    made = planned.plan.model_copy(update=found)
    if against is not None and not checked.errors:
        others = {key: place for key, place in base_positions.items() if base.entries[key].source != proposal.source}
        needs = _needs(made, against, proposed, (base_positions, {**others, **positions}))
        made = made.model_copy(update={"approvals": Approvals(needed=needs)})
    return made, checked


def _needs(
    plan: Plan, against: Compared, proposed: Sequence[Resource], positions: tuple[Positions, Positions]
) -> tuple[ApprovalNeed, ...]:
    """The approvals that the ChangePolicies of the other files ask for; what rights are given is the control plane's to
    compare, since it depends on who applies."""
    from clawforge.access.model import AccessModel
    from clawforge.change_control.demands import approval_needs, change_policies
    from clawforge.change_control.facts import PlanFacts

    sides = {item.address: item for item in against.values}, {item.address: item for item in proposed}
    policies = change_policies(sides[0])
    if not policies:
        return ()
    facts = PlanFacts.of(plan, *sides, positions)
    return approval_needs(policies, facts, *(AccessModel.of(side.values()) for side in sides))


def _base(project: Project, against: Compared | None) -> tuple[State, Positions]:
    if against is None:
        return EMPTY_STATE, {}
    if against.org != project.file.org:
        name = against.name[0].upper() + against.name[1:]
        raise InputError(
            f"{name} speak for the org {against.org!r}, and those in {project.root} for {project.file.org!r}.",
            hint="Compare with another version of the same project, such as a git worktree of the main branch.",
        )
    return State(0, entries_of(against.values, against.source)), dict(against.positions)


def _proposal(project: Project, base: State, options: PlanOptions) -> Proposal:
    from clawforge_cli.gitops.local import head_commit

    source = project.file.source
    entries = own_entries(entries_of(project.values, source), source, base, options.taken)
    commit = head_commit(project.root, sorted({item.document.file for item in project.resources}))
    return Proposal(
        project.file.org,
        source,
        entries,
        {address: place for address, place in project.positions.items() if address in entries},
        commit.id if commit else None,
        moved={move.from_: move.to for move in project.file.moved},
        forgotten=frozenset(forgotten(project.file)),
        taken=options.taken,
    )


def _meaning(
    plan: Plan,
    against: Compared | None,
    proposed: Sequence[Resource],
    model: OrgModel,
    moment: dt.datetime,
    positions: tuple[Positions, Positions],
) -> Meaning:
    from clawforge.analysis.meaning import meaning_of
    from clawforge.analysis.world import World
    from clawforge.resolve.org import OrgModel

    if plan.is_empty:
        return plan.meaning
    before = against.values if against is not None else ()
    world = World(before, proposed, moment, models=(OrgModel(before), model))
    return meaning_of(world, positions)


def base_project(path: Path) -> Compared:
    """The project of a directory, to compare with. Raises FindingsError as `readable_project`."""
    from clawforge_cli.project_files import readable_project

    return Compared.of_project(readable_project(path), path)
