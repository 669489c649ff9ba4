"""Judging a subject by the server's present state."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from clawforge.access.rights import Target
from clawforge.analysis.explanation import Explanation, explain
from clawforge.decide.request import Decision, Origin, Runtime
from clawforge.errors import InputError
from clawforge.fleet_drift import Standing
from clawforge.resolve.subject import Subject
from clawforge.resolve.view import effective_view
from clawforge.wire import DecideRequest, EffectiveView
from clawforge.wire_asking import AccessHistoryRequest, ExplainRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.state.emergency_orders import emergency_orders, groups_of
from clawforge_server.state.lifted import lifted_for
from clawforge_server.state.org_state import OrgState
from clawforge_server.state.served_revision import ServedRevision

Asked = DecideRequest | ExplainRequest | AccessHistoryRequest


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """The subject as asked for; what is known about its instance is added to it."""

    user: str
    instance: str | None = None
    agent: str | None = None
    context: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    at: dt.datetime | None = None


def effective_for(plane: ControlPlane, who: Principal, org: str, question: Question) -> EffectiveView:
    """What the subject may do. Raises NotFoundError, InputError, ForbiddenError."""
    state = plane.states.get(org)
    subject = asked_subject(plane, who, state, question)
    at = question.at or plane.clock.now()
    serving = serving_of(state, subject)
    return effective_view(serving.model, subject, at, serving.positions, revision=serving.number)


def decide_for(plane: ControlPlane, who: Principal, org: str, request: DecideRequest) -> Decision:
    """The decision that an agent of the subject would give. Raises NotFoundError, InputError, ForbiddenError."""
    state = plane.states.get(org)
    subject = asked_subject(plane, who, state, question_of(request))
    at = request.at or plane.clock.now()
    return _decision(state, subject, request.tool, request.params, at, origin_of(request))


def explanation_for(plane: ControlPlane, who: Principal, org: str, request: ExplainRequest) -> Explanation:
    """Why the subject may do what it may. What does not match is for those who may read the whole state: it tells whom
    other policies are for. Raises NotFoundError, InputError, ForbiddenError.
    """
    state = plane.states.get(org)
    subject = asked_subject(plane, who, state, question_of(request))
    if request.misses:
        who.require("state:read")
    at = request.at or plane.clock.now()
    serving = serving_of(state, subject)
    decision = None
    if request.tool is not None:
        decision = _decision(state, subject, request.tool, request.params, at, origin_of(request))
    return explain(
        serving.model,
        tuple(serving.resources.values()),
        subject,
        at,
        serving.positions,
        misses=request.misses,
        revision=serving.number,
        decision=decision,
    )


def _decision(
    state: OrgState, subject: Subject, tool: str, params: Mapping[str, Any], at: dt.datetime, origin: Origin
) -> Decision:
    """As the agent would answer, which obeys kill switches, and denies everything while its instance is shut in."""
    serving = serving_of(state, subject)
    runtime = Runtime(kill=emergency_orders(state, subject), groups=tuple(sorted(groups_of(state, subject))))
    overlays = lifted_for(state, subject)
    judged = serving.simulator.judge(subject, tool, params, at, origin=origin, runtime=runtime, overlays=overlays)
    return judged.decision


def serving_of(state: OrgState, subject: Subject) -> ServedRevision:
    """What is asked about: the present revision, or for a machine that a rollout has not come to the one before."""
    if subject.instance is None:
        return state.newest
    tags = tuple(sorted(subject.tags.items()))
    return state.serving(Standing(subject.instance, subject.user, subject.groups, tags, None, None))


def question_of(request: Asked) -> Question:
    """The subject that a request names."""
    return Question(
        user=request.user,
        instance=request.instance,
        agent=request.agent,
        context=request.context,
        groups=request.groups,
        tags=tuple(request.tags.items()),
    )


def origin_of(request: Asked) -> Origin:
    """Where the call of a request comes from."""
    return Origin(channel=request.channel, sender=request.sender, provider=request.provider)


def asked_subject(plane: ControlPlane, who: Principal, state: OrgState, question: Question) -> Subject:
    """The subject, with what its instance was enrolled with. Raises InputError for somebody else's instance, and
    ForbiddenError unless the caller may ask about it."""
    declared = state.users.get(question.user) or state.users.get(question.user.lower())
    user = declared.metadata.name if declared is not None else question.user
    _require_reach(who, state, user, frozenset(question.groups))
    groups, tags = set(question.groups), dict(question.tags)
    if question.instance is not None:
        with plane.store.transaction() as transaction:
            enrolled = transaction.instances.get(state.name, question.instance)
        if enrolled is not None and enrolled.revoked_at is None:
            if enrolled.user != user:
                raise InputError(
                    f"The instance {enrolled.name!r} does not belong to {user!r}.",
                    hint="Ask about its own user, or leave the instance out.",
                    code="foreign-instance",
                )
            groups.update(enrolled.groups)
            tags = {**tags, **enrolled.tags}
    return Subject(
        user=user,
        instance=question.instance,
        agent=question.agent,
        context=question.context,
        groups=tuple(sorted(groups)),
        tags=tags,
    )


def _require_reach(who: Principal, state: OrgState, user: str, supposed: frozenset[str]) -> None:
    """Raise ForbiddenError unless the caller may ask about this user, or asks about themselves, and about the groups
    in which the user is supposed to be: the answer tells what is for their members."""
    own = who.kind == "user" and who.name == user and who.may("decisions:read-own")
    member = state.access.groups_of_user(user, who.claims if own else ())
    others = (Target(groups=frozenset((group,))) for group in sorted(supposed - member))
    concerned = (*(() if own else (Target(groups=member),)), *others)
    if concerned:
        who.require("decisions:read", *concerned)
