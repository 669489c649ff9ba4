"""Decides calls by what is in force now. Whatever is missing, out of date or broken ends in deny."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

from clawforge.decide.call import Follow
from clawforge.decide.decider import Decider
from clawforge.decide.request import Decision, InstanceFacts, KillOrder, Reason, Request, Runtime
from clawforge.errors import InputError
from clawforge.lease import Freshness, freshness
from clawforge.overlay.elevated import Present, decide_lifted
from clawforge.resource.meta import format_instant
from clawforge.resource.policy_test import Effect
from clawforge.trust import Held
from clawforge_cli.agent.clock import Clock
from clawforge_cli.agent.protocol import CheckRequest, decision_answer, error_answer, read_request

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
    """Answers questions for one instance, from any thread."""

    def __init__(self, clock: Clock, facts: InstanceFacts, follow: Follow = real_path) -> None:
        self._clock = clock
        self._follow = follow
        self._facts = facts
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
        return decision_answer(self.decide(request))

    def decide(self, request: CheckRequest) -> Decision:
        """The decision; deny where there is no valid policy or deciding fails."""
        view = self._view
        try:
            return self._decide(view, request)
        except Exception as error:  # fail closed: a defect must never let a call through or kill the agent
            sys.stderr.write(f"A call could not be judged and was denied: {type(error).__name__}\n")
            return _denial("agent-error", "The agent could not judge this call.")

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
