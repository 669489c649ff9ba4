"""A plan without a control plane: against nothing, or against the files of another directory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawforge.errors import InputError
from clawforge.meaning import meaning_digest
from clawforge.plan import ApprovalNeed, Approvals, Plan
from clawforge.planning import Proposal, make_plan
from clawforge.state import EMPTY_STATE, State, entries_of

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.meaning import Meaning
    from clawforge.position import Positions
    from clawforge.proposal_checks import ProposalChecks
    from clawforge.resolve.org import OrgModel
    from clawforge.resource.meta import Resource


def plan_offline(
    project: Project, against: Project | None, now: dt.datetime, *, moment: dt.datetime | None = None
) -> tuple[Plan, ProposalChecks]:
    """The plan that a control plane would make whose org holds what `against` says, unsigned and without an id. What it
    means is worked out as of `moment`, or of now.

    Raises InputError if the two projects speak for different orgs, and OwnedElsewhereError if the other one, being
    another source, owns what this one declares.
    """
    from clawforge.proposal_checks import check_proposal
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.subject import Subject
    from clawforge.resolve.variants import check_variants, horizon
    from clawforge.resource.user import User
    from clawforge_cli.gitops.local import head_commit

    org, source = project.file.org, project.file.source
    base, base_positions = EMPTY_STATE, {}
    others = []
    if against is not None:
        if against.file.org != org:
            raise InputError(
                f"{against.root} speaks for the org {against.file.org!r}, and {project.root} for {org!r}.",
                hint="Compare with another version of the same project, such as a git worktree of the main branch.",
            )
        base = State(0, entries_of(against.values, against.file.source))
        base_positions = dict(against.positions)
        others = [item for item in against.values if against.file.source != source]
    entries = {
        address: entry
        for address, entry in entries_of(project.values, source).items()
        if not _is_unchanged_elsewhere(base, source, address, entry.digest)
    }
    commit = head_commit(project.root, sorted({item.document.file for item in project.resources}))
    positions = {address: place for address, place in project.positions.items() if address in entries}
    proposal = Proposal(org, source, entries, positions, commit.id if commit else None)
    planned = make_plan(proposal, base, base_positions)
    proposed = [*others, *(item for item in project.values if item.address in entries)]
    since = (moment or now).replace(microsecond=0)
    checked = check_proposal(org, proposed, {**base_positions, **positions}, entries, since)
    found: dict[str, Any] = {"checks": checked.checks, "warnings": checked.warnings}
    if not checked.errors:
        model = OrgModel(proposed)
        if checked.passed:
            users = (Subject(user=item.metadata.name) for item in proposed if isinstance(item, User))
            check_variants(model, users, *horizon(now))
        found["meaning"] = _meaning(planned.plan, against, proposed, model, since, (base_positions, positions))
        found["meaning_digest"] = meaning_digest(found["meaning"])
    made = planned.plan.model_copy(update=found)
    if against is not None and not checked.errors:
        there = {item.address: place for item in others if (place := base_positions.get(item.address)) is not None}
        needs = _needs(made, against, proposed, (base_positions, {**there, **positions}))
        made = made.model_copy(update={"approvals": Approvals(needed=needs)})
    return made, checked


def _needs(
    plan: Plan, against: Project, proposed: Sequence[Resource], positions: tuple[Positions, Positions]
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


def _meaning(
    plan: Plan,
    against: Project | None,
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


def base_project(path: Path) -> Project:
    """The project to compare with, which must load; what lint says about it does not matter. Raises FindingsError
    after showing why it does not."""
    import sys

    from clawforge.diagnostic import has_errors
    from clawforge.load.project import load_project
    from clawforge_cli.project_files import FindingsError
    from clawforge_cli.views.human_problems import show_diagnostics
    from clawforge_cli.views.terminal import Printer

    project = load_project(path)
    if has_errors(project.diagnostics):
        show_diagnostics(project.diagnostics, Printer(sys.stderr, colour=False))
        raise FindingsError(f"{path} cannot be read as a project, so nothing can be compared with it.")
    return project


def _is_unchanged_elsewhere(base: State, source: str, address: str, digest: str) -> bool:
    """Another source owns exactly this resource: naming it again changes nothing."""
    present = base.entries.get(address)
    return present is not None and present.source != source and present.digest == digest
