"""Beginning a rollout: with the apply that makes the revision, in its transaction."""

from __future__ import annotations

import datetime as dt

from clawforge.access.permission import SKIP_ROLLOUT
from clawforge.errors import InputError
from clawforge.plan import Plan
from clawforge.rings.choice import is_gradual, rollout_rule
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
    Where the state is that one again, there is nothing to roll out. Raises ForbiddenError and InputError for whoever
    lets a change reach everybody at once without the right, or without a reason.
    """
    before = transaction.rollouts.open(request.org)
    rule = rollout_rule(previous.resources) or (None if before is None else before.rule)
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
    record = RolloutRecord(
        org=request.org,
        revision=result.revision,
        held=held,
        rule=rule,
        ring=0,
        since=now,
        state="baking",
        started_at=now,
        started_by=request.actor,
        first=log,
        seen=log,
    )
    transaction.rollouts.put(record)
    transaction.audit.append(request.org, rollout_entry("rollouts:start", None, record, request.actor, now))


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
