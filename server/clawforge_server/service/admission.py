"""What lets a plan be applied now, whatever it changes: that nobody rejected it, and no freeze, missing reason or
missing signature stands in its way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from clawforge.access.permission import OVERRIDE_FREEZE
from clawforge.change_control.demands import OpenFreeze, change_policies, open_freezes
from clawforge.errors import ConflictError, InputError
from clawforge.plan import Approval, Plan
from clawforge.wire import ApplyTerms
from clawforge_server.auth.principal import Principal
from clawforge_server.origin import Origin
from clawforge_server.service.audit_trail import done
from clawforge_server.service.change_control import frozen_words, given_to, said_about, unsigned
from clawforge_server.service.plan_authority import refuse_rejected
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import AuditEntry, PlanRecord


@dataclass(frozen=True, slots=True)
class Apply:
    """Who applies which plan, when, over which base; `reviewed` is the plan document that was sent back, `terms` what
    else they said."""

    who: Principal
    org: str
    plan_id: str
    base: int
    reviewed: Any
    terms: ApplyTerms
    at: dt.datetime
    origin: Origin | None = None

    @property
    def actor(self) -> str:
        """The name in the audit log."""
        return self.who.actor

    @property
    def lease(self) -> dict[str, Any]:
        """Under whose lease, as the audit log names it; nothing for an apply under none."""
        fence = self.terms.fence
        return {} if fence is None else {"reconciler": fence.reconciler, "fence": fence.number}


@dataclass(frozen=True, slots=True)
class Admission:
    """An apply that no freeze, missing reason or missing signature stops.

    `overridden` are the freezes that it breaks. `given` is what was said about the plan, the git forge's reviews
    included.
    """

    reason: str | None = None
    overridden: tuple[OpenFreeze, ...] = ()
    given: tuple[Approval, ...] = ()


def admit(transaction: Transaction, request: Apply, plan: PlanRecord, previous: OrgState) -> Admission:
    """Raise ConflictError for a plan that may not be applied now: `plan-rejected`, `frozen`, `reason-missing`,
    `commit-not-signed`.

    InputError for a freeze that is to be overridden without a reason, ForbiddenError for whoever may not. A plan that
    only moves places is let through. What whoever applies takes upon themselves is recorded.
    """
    given = given_to(plan, said_about(transaction, request.org, plan, request.at))
    refuse_rejected(given)
    document, terms = plan.document, request.terms
    reason = terms.reason or document.reason
    policies = change_policies(previous.resources)
    if not policies or document.is_empty:
        return Admission(reason, (), given)
    overridden = _overridden(request.who, terms, open_freezes(policies, request.at))
    if reason is None and any(item.spec.require_reason for item in policies):
        raise ConflictError(
            "A ChangePolicy asks for a reason, and none is given.",
            hint="Say why with `--reason`, when you plan or when you apply.",
            code="reason-missing",
        )
    why = unsigned(document) if any(item.spec.signed_commits for item in policies) else None
    if why is not None:
        raise ConflictError(
            why,
            hint="Let the pipeline on the protected branch plan it, and vouch for who signed the commits.",
            code="commit-not-signed",
        )
    admission = Admission(reason, overridden, given)
    for entry in _said_entries(request, document, admission):
        transaction.audit.append(request.org, entry)
    return admission


def _overridden(who: Principal, terms: ApplyTerms, frozen: tuple[OpenFreeze, ...]) -> tuple[OpenFreeze, ...]:
    if not frozen:
        return ()
    first = frozen[0]
    if not first.freeze.overridable:
        raise ConflictError(frozen_words(first), hint="Nobody can override this freeze. Apply it later.", code="frozen")
    if not terms.override_freeze:
        raise ConflictError(
            frozen_words(first),
            hint=f"Apply it later. In an emergency whoever holds {OVERRIDE_FREEZE} uses `--override-freeze --reason`.",
            code="frozen",
        )
    who.require(OVERRIDE_FREEZE)
    if terms.reason is None:
        raise InputError(
            "Overriding a freeze needs a reason.", hint="Say why with `--reason`.", code="override-without-reason"
        )
    return frozen


def _said_entries(request: Apply, plan: Plan, admission: Admission) -> Iterator[AuditEntry]:
    """What whoever applies takes upon themselves is recorded by itself."""
    said = {"plan": plan.id, "digest": plan.digest, "reason": request.terms.reason}
    target, revision = f"plan/{plan.id}", plan.base.revision

    def entry(action: str, **detail: Any) -> AuditEntry:
        return done(
            request.at,
            request.actor,
            action,
            origin=request.origin,
            revision=revision,
            target=target,
            **said,
            **detail,
        )

    if admission.overridden:
        freezes = [{"policy": item.policy, "reason": item.freeze.reason} for item in admission.overridden]
        yield entry("freeze:override", freezes=freezes)
    if request.terms.allow_deletions is not None and plan.summary.destroy:
        yield entry("deletions:allow", allowed=request.terms.allow_deletions, deleted=plan.summary.destroy)
