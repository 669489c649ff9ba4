"""Beginning a rollout: with the apply that makes the revision, in its transaction."""

from __future__ import annotations

import datetime as dt

from clawforge.access.permission import MANAGE_ROLLOUTS, SKIP_ROLLOUT
from clawforge.errors import InputError
from clawforge.plan import Plan
from clawforge.rings.choice import is_gradual, rollout_rule
from clawforge.rings.later_names import names_after, rule_under_later_names
from clawforge.wire import ApplyResult
from clawforge_server.service.admission import Apply
from clawforge_server.service.audit_trail import done
from clawforge_server.service.rollout_account import rollout_entry
from clawforge_server.service.rollout_course import replaced
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.rollout_port import RolloutRecord


def start_rollout(
    transaction: Transaction,
    request: Apply,
    plan: Plan,
    result: ApplyResult,
    previous: OrgState,
    now: dt.datetime,
) -> None:
    """Keep the revision that was written from the machines of later rings, if the ChangePolicies before it say so.

    While a rollout is open, whatever is applied takes its place and begins at the first ring, and the machines that are
    not reached stay with the revision from which they were held back at first: so nobody ever gets what did not bake.
    It keeps the rings of the first, and what is halted stays halted unless the applier could resume it: what nobody
    looked at is lifted by no change of something else. Where the state is that one again, there is nothing to roll out.
    Raises ForbiddenError and InputError for whoever lets a change reach everybody at once without the right, or without
    a reason.
    """
    before = transaction.rollouts.open(request.org)
    rule = rollout_rule(previous.resources) if before is None else before.rule
    if rule is None or previous.record is None or not (before or is_gradual(rule, plan.meaning.verdict)):
        return
    held = previous.state.revision if before is None else before.held
    at_once = _reason_for_all(transaction, request, result, held)
    if before is not None:
        after = replaced(before, now, request.actor, at_once or f"revision {result.revision} was applied")
        transaction.rollouts.put(after)
        transaction.audit.append(request.org, rollout_entry("rollouts:replace", before, after, request.actor, now))
    if at_once is not None:
        return
    log = transaction.audit_tree.head(request.org).size
    apart = _apart(transaction, previous, log) if before is None else before.apart
    stays = before is not None and before.state == "halted" and not request.who.may(MANAGE_ROLLOUTS)
    record = RolloutRecord(
        org=request.org,
        revision=result.revision,
        held=held,
        rule=rule_under_later_names(rule, names_after({}, plan)),
        ring=0,
        since=now,
        state="halted" if stays else "baking",
        started_at=now,
        started_by=request.actor,
        apart=apart,
        usual=apart,
        first=log,
        seen=log,
        reason=before.reason if before is not None and stays else "",
        renamed=names_after({} if before is None else before.renamed, plan),
    )
    transaction.rollouts.put(record)
    transaction.audit.append(request.org, rollout_entry("rollouts:start", None, record, request.actor, now))


def _apart(transaction: Transaction, previous: OrgState, log: int) -> int:
    """How long the log was when the first machine got something else than the state so far: that is now, unless the
    last rollout was undone. What the machines that it reached did meanwhile is not what is usual for them."""
    last = transaction.rollouts.latest(previous.name)
    if last is None or last.state != "replaced":
        return log
    held = transaction.revisions.get(previous.name, last.held)
    return last.apart if held is not None and held.state_digest == previous.state.digest else log


def _reason_for_all(transaction: Transaction, request: Apply, result: ApplyResult, held: int) -> str | None:
    """Why everybody gets the revision at once; None if not."""
    revision = transaction.revisions.get(request.org, held)
    if revision is not None and revision.state_digest == result.state_digest:
        return f"the state is that of revision {held} again"
    if not request.terms.immediate:
        return None
    request.who.require(SKIP_ROLLOUT)
    reason = request.terms.reason
    if reason is None:
        raise InputError(
            "Letting a change reach every machine at once needs a reason.",
            hint="Say why with `--reason`.",
            code="skip-without-reason",
        )
    entry = done(
        request.at,
        request.actor,
        SKIP_ROLLOUT,
        origin=request.origin,
        revision=result.revision,
        target=f"revision/{result.revision}",
        reason=reason,
        held=held,
    )
    transaction.audit.append(request.org, entry)
    return reason
