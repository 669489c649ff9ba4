"""Decides calls by what is in force now. Whatever is missing, out of date or broken ends in deny."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field

from clawforge.decide.call import Follow
from clawforge.decide.decider import Decider
from clawforge.decide.request import Decision, InstanceFacts, KillOrder, Reason, Request, Runtime
from clawforge.effective import EffectiveAudit
from clawforge.errors import ClawforgeError, InputError
from clawforge.lease import Freshness, freshness
from clawforge.message import Message
from clawforge.overlay.elevated import Present, decide_lifted
from clawforge.resource.meta import format_instant
from clawforge.resource.policy_test import Effect
from clawforge.trust import Held
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.inbox import Inbox
from clawforge_cli.agent.protocol import CheckRequest, decision_answer, error_answer, read_request
from clawforge_cli.agent.spool import Spool
from clawforge_cli.agent.spooled_event import call_event, is_lifted, message_event

NOT_YET = "This machine has no policy yet: the control plane has not answered since it was enrolled."


def real_path(path: str) -> str | None:
    """Where a path of this machine leads, the part of it that exists; None if the system will not say."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _View:
    """One consistent picture: replaced as a whole, never changed, so that deciding takes no lock."""

    holding: Held | None
    kill: tuple[KillOrder, ...] = ()
    why_nothing: str = NOT_YET
    deciders: dict[str, Decider] = field(default_factory=dict)


class AgentService:
    """Answers questions for one instance, from any thread, and keeps what it answered in the spool if it has one."""

    def __init__(
        self,
        clock: Clock,
        facts: InstanceFacts,
        follow: Follow = real_path,
        spool: Spool | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self._clock = clock
        self._follow = follow
        self._facts = facts
        self._spool = spool
        self._inbox = inbox
        self._view = _View(None)

    def adopt(self, holding: Held) -> None:
        """Put a verified policy and the newest known kills in force, together."""
        before = self._view
        same = before.holding is not None and before.holding.bundle == holding.bundle
        self._view = _View(holding, holding.kill, deciders=before.deciders if same else {})

    def adopt_kill(self, kill: tuple[KillOrder, ...]) -> None:
        """Put the newest known kills in force; the policy stays."""
        before = self._view
        self._view = _View(before.holding, kill, before.why_nothing, before.deciders)

    def adopt_nothing(self, why: str) -> None:
        """Deny everything, and say why."""
        self._view = _View(None, why_nothing=why)

    def learn_facts(self, facts: InstanceFacts) -> None:
        """Take over what is known about the machine."""
        self._facts = facts

    @property
    def facts(self) -> InstanceFacts:
        """What is known about the machine."""
        return self._facts

    def answer(self, line: bytes) -> bytes:
        """The answer to one line from the socket; never raises."""
        try:
            request = read_request(line)
        except InputError as error:
            return error_answer(error.code, error.message)
        return decision_answer(self._recorded(request, self.decide(request)), self._messages())

    def decide(self, request: CheckRequest) -> Decision:
        """The decision; deny where there is no valid policy or deciding fails."""
        view = self._view
        try:
            return self._decide(view, request)
        except Exception as error:  # fail closed: a defect must never let a call through or kill the agent
            sys.stderr.write(f"A call could not be judged and was denied: {type(error).__name__}\n")
            return _denial("agent-error", "The agent could not judge this call.")

    def _messages(self) -> tuple[Message, ...]:
        """What the person is to be shown with this answer; it is not shown again."""
        found = () if self._inbox is None else self._inbox.take()
        if self._spool is not None:
            for message in found:
                with contextlib.suppress(ClawforgeError):
                    self._spool.append(message_event(self._clock.now(), message.number))
        return found

    def _recorded(self, request: CheckRequest, decision: Decision) -> Decision:
        """The decision once it is in the spool. A lifted call whose record is not durable is denied: every use of an
        elevation is audited. Other calls go on; how many went unrecorded is told later."""
        if self._spool is None:
            return decision
        lifted = is_lifted(decision)
        try:
            event = call_event(request, decision, self._audit_of(decision), self._clock.now())
            if event is not None:
                self._spool.append(event, durable=lifted)
        except ClawforgeError as error:
            if lifted:
                return _denial("not-recorded", f"This call is lifted, and must be recorded. {error.message}")
        except Exception as error:
            sys.stderr.write(f"A call could not be recorded: {type(error).__name__}\n")
            if lifted:
                return _denial("not-recorded", "This call is lifted, and could not be recorded.")
        return decision

    def _audit_of(self, decision: Decision) -> EffectiveAudit:
        """What the policy that decided says about reports; where none did, what is said of a policy that is silent."""
        holding = self._view.holding
        policy = None if holding is None or decision.digest is None else holding.bundle.policies.get(decision.digest)
        return EffectiveAudit() if policy is None else policy.enforced.audit

    def _decide(self, view: _View, request: CheckRequest) -> Decision:
        holding = view.holding
        if holding is None:
            return _denial("no-policy", view.why_nothing)
        bundle = holding.bundle
        moment = self._clock.decision_time()
        variant = bundle.variant_at(request.agent, request.context, moment)
        if variant is None:
            return _denial(
                "policy-expired", f"The policy that this machine holds says nothing about {format_instant(moment)}."
            )
        policy = bundle.policies[variant.digest]
        if freshness(holding.lease, policy.enforced.offline, self._clock.now()) is Freshness.EXPIRED:
            issued = format_instant(holding.lease.issued_at)
            return _denial(
                "policy-expired",
                f"The policy was confirmed last at {issued}; it holds no longer without word from the control plane.",
            )
        decider = view.deciders.get(variant.digest)
        if decider is None:
            decider = Decider(
                policy,
                provenance=bundle.provenance.get(variant.digest, {}),
                digest=variant.digest,
                revision=bundle.revision,
            )
            view.deciders[variant.digest] = decider
        full = Request(user=bundle.user, instance=bundle.instance, at=moment, **request.model_dump())
        runtime = Runtime(kill=view.kill, groups=bundle.groups)
        return decide_lifted(
            decider,
            full,
            bundle.overlays,
            present=Present(moment, self._clock.now()),
            facts=self._facts,
            runtime=runtime,
            follow=self._follow,
        )


def _denial(code: str, message: str) -> Decision:
    reason = Reason(code=code, effect=Effect.DENY, message=message)
    return Decision(effect=Effect.DENY, reasons=(reason,), message=message)
