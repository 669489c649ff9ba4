"""ChangePolicies, enforced: what a plan needs, and what an apply is refused, by the policies before the change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from clawforge.access.escalation import Side
from clawforge.change_control.approvers import Reach, lacking
from clawforge.change_control.demands import (
    OpenFreeze,
    approval_needs,
    change_policies,
    exceeded_limits,
    open_freezes,
)
from clawforge.change_control.facts import PlanFacts
from clawforge.change_control.forge_approvals import counted_approvers
from clawforge.errors import ConflictError
from clawforge.plan import Action, Approval, ApprovalLack, ApprovalNeed, Approvals, Plan, PlanWarning
from clawforge.position import Positions
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.meta import format_instant
from clawforge.wire import ApplyTerms
from clawforge_server.service.plan_authority import APPROVED, targets_of
from clawforge_server.service.rollout_notes import rollout_notes
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import JudgementRecord, PlanRecord

_MOST_SHOWN = 5


def needs_of(
    plan: Plan, state: OrgState, before: Side, after: Side, positions: Positions | None
) -> tuple[ApprovalNeed, ...]:
    """The approvals that the ChangePolicies in force ask of a plan. `positions` are those of the plan's source."""
    policies = change_policies(state.resources)
    if not policies:
        return ()
    places = (state.positions, _positions_after(state, plan.source, positions or {}))
    facts = PlanFacts.of(plan, before.resources, after.resources, places)
    return approval_needs(policies, facts, before.access, after.access)


def cautions(plan: Plan, state: OrgState, now: dt.datetime) -> tuple[PlanWarning, ...]:
    """What would refuse the plan now if it were applied without further words."""
    policies = change_policies(state.resources)
    if plan.is_empty or (not policies and state.rollout is None):
        return ()
    found = [*rollout_notes(plan, state)]
    found += [PlanWarning(code="frozen", message=frozen_words(item)) for item in open_freezes(policies, now)]
    limits = _exceeded(plan, state, policies)
    if limits:
        found.append(PlanWarning(code="too-many-deletions", message=_too_many(plan, state, limits)))
    if plan.reason is None and any(item.spec.require_reason for item in policies):
        found.append(PlanWarning(code="reason-missing", message="A ChangePolicy asks for a reason, and none is given."))
    why = unsigned(plan) if any(item.spec.signed_commits for item in policies) else None
    if why is not None:
        found.append(PlanWarning(code="commit-not-signed", message=why))
    return tuple(found)


def refuse_unapproved(
    plan: PlanRecord, terms: ApplyTerms, given: Sequence[Approval], state: OrgState, before: Side, after: Side
) -> None:
    """Raise ConflictError unless enough people approved who may now, `approval-missing`, and unless so many deletions
    were approved or are said, `too-many-deletions`."""
    document = plan.document
    policies = change_policies(state.resources)
    if not policies:
        return
    positions = plan.payload.positions if plan.payload is not None else {}
    needs = needs_of(document, state, before, after, positions)
    lacks = _lacks(document, needs, given, before, after)
    if lacks:
        raise _approval_missing(document, lacks)
    limits = _exceeded(document, state, policies)
    deleted = document.summary.destroy
    if limits and not needs and (terms.allow_deletions is None or terms.allow_deletions < deleted):
        raise ConflictError(
            _too_many(document, state, limits),
            hint=f"Look at what is deleted. `--allow-deletions {deleted}` says that it is meant.",
            code="too-many-deletions",
        )


def said_about(transaction: Transaction, org: str, plan: PlanRecord, now: dt.datetime) -> tuple[JudgementRecord, ...]:
    """The last word of everybody about a plan, on it or on another one that makes the same change and means the same.

    Of two words of one moment a rejection counts. What the submitter said about another's plan is not among them.
    """
    document = plan.document
    found = transaction.plans.judgements(org, plan.id, document.digest, document.meaning_digest or "", now)
    latest: dict[str, JudgementRecord] = {}
    for item in found:
        known = latest.get(item.reviewer)
        if known is None or item.at > known.at or item.verdict != APPROVED:
            latest[item.reviewer] = item
    return tuple(
        item
        for item in sorted(latest.values(), key=lambda item: (item.at, item.reviewer))
        if item.reviewer != plan.author
    )


def given_to(plan: PlanRecord, judgements: Iterable[JudgementRecord]) -> tuple[Approval, ...]:
    """What was said about a plan, with what a pipeline vouches for; whoever also said something here counts by that."""
    said = [
        Approval(
            by=item.reviewer,
            at=item.at,
            verdict="approved" if item.verdict == APPROVED else "rejected",
            reason=item.reason,
        )
        for item in judgements
    ]
    here = {item.by for item in said}
    vouched = plan.document.vouched
    for holder in counted_approvers(plan.document):
        if holder not in here and vouched is not None:
            said.append(Approval(by=holder, at=plan.created_at, verdict="approved", vouched_by=vouched.by))
    return tuple(said)


def reviewed(plan: PlanRecord, judgements: Iterable[JudgementRecord], before: Side, after: Side) -> Plan:
    """The plan's document with what was said about it, and what is still missing."""
    document, given = plan.document, given_to(plan, judgements)
    missing = _lacks(document, document.approvals.needed, given, before, after) if plan.result is None else ()
    approvals = Approvals(needed=document.approvals.needed, given=given, missing=missing)
    return document.model_copy(update={"approvals": approvals})


def _lacks(
    plan: Plan, needs: Sequence[ApprovalNeed], given: Iterable[Approval], before: Side, after: Side
) -> tuple[ApprovalLack, ...]:
    if not needs:
        return ()
    reach = Reach(before.access, targets_of(plan, before, after))
    approved = [item.by for item in given if item.verdict == "approved"]
    return lacking(needs, approved, plan.authors, reach)


def _approval_missing(plan: Plan, lacks: Sequence[ApprovalLack]) -> ConflictError:
    what = "; ".join(f"{item.count} more by {_whose(item)}" for item in lacks)
    names = list(dict.fromkeys(name for item in lacks for name in item.who))
    if names:
        more = sum(item.others for item in lacks)
        could = (
            f"{', '.join(names)}{f' and {more} more' if more else ''} may approve it with `clawforge approve {plan.id}`"
        )
    else:
        could = "Nobody else who is active may approve it; the files say who may"
    return ConflictError(
        f"This plan needs approvals that it does not have: {what}.", hint=f"{could}.", code="approval-missing"
    )


def _whose(lack: ApprovalLack) -> str:
    parts = [f"somebody with {lack.permission}" if lack.count == 1 else f"people with {lack.permission}"]
    parts += [f"the role {' or '.join(lack.roles)}"] if lack.roles else []
    parts += [f"from {' or '.join(lack.groups)}"] if lack.groups else []
    return " and ".join(parts)


def frozen_words(item: OpenFreeze) -> str:
    """What is frozen until when and why, in a sentence."""
    until = "" if item.until is None else f" until {format_instant(item.until)}"
    return f"Changes are frozen{until} by {item.policy}: {item.freeze.reason}"


def _exceeded(plan: Plan, state: OrgState, policies: Iterable[ChangePolicy]) -> tuple[str, ...]:
    return exceeded_limits(policies, plan.summary.destroy, _owned(plan, state))


def _owned(plan: Plan, state: OrgState) -> int:
    return sum(entry.source == plan.source for entry in state.state.entries.values())


def _too_many(plan: Plan, state: OrgState, limits: Sequence[str]) -> str:
    gone = [change.address for change in plan.changes if change.action is Action.DELETE]
    more = f" and {len(gone) - _MOST_SHOWN} more" if len(gone) > _MOST_SHOWN else ""
    return (
        f"This plan deletes {len(gone)} of the {_owned(plan, state)} resources of {plan.source}, which is more than "
        f"{' and '.join(limits)} lets one plan delete: {', '.join(gone[:_MOST_SHOWN])}{more}."
    )


def unsigned(plan: Plan) -> str | None:
    """Why the plan's commit does not count as signed; None if it does."""
    if plan.commit is None or plan.vouched is None or not plan.vouched.signers:
        return "A ChangePolicy asks for signed commits, and nobody who is trusted to vouched for this plan's."
    if plan.vouched.unknown_signers:
        names = ", ".join(plan.vouched.unknown_signers[:_MOST_SHOWN])
        return f"A ChangePolicy asks for signed commits, and {names} signed one who is no user of this org."
    return None


def _positions_after(state: OrgState, source: str, positions: Positions) -> Positions:
    """Where everything stands once the plan is applied: its source's positions are replaced as a whole."""
    others = {
        address: place
        for address, place in state.positions.items()
        if address in state.state.entries and state.state.entries[address].source != source
    }
    return {**others, **positions}


def with_needs(plan: Plan, needs: Iterable[ApprovalNeed], warnings: Iterable[PlanWarning]) -> Plan:
    """The plan with further needs and warnings."""
    approvals = plan.approvals.model_copy(update={"needed": (*plan.approvals.needed, *needs)})
    return plan.model_copy(update={"approvals": approvals, "warnings": (*plan.warnings, *warnings)})
