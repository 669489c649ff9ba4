"""A request to be lifted, held against the bounds of its grant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.names import normalise
from clawforge.overlay.bounds import ElevationBook, GrantBounds, is_covered
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_duration
from clawforge.spelling import KnownNames


@dataclass(frozen=True, slots=True)
class ElevationAsk:
    """What is asked for: a grant by name, of it only some tools if any are named, through the agent and in the context
    of the subject where it has them. `ttl` are seconds, None for as long as possible. `confirmation` is what was
    typed."""

    subject: Subject
    grant: str
    tools: tuple[str, ...] = ()
    ttl: int | None = None
    reason: str = ""
    ticket: str | None = None
    confirmation: str | None = None


@dataclass(frozen=True, slots=True)
class ElevationPast:
    """What the same person had of the same grant: how many now, waiting ones included, and when the last one ended."""

    active: int = 0
    last_ended: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ElevationTerms:
    """What may be granted: these tools without those of `never`, as patterns without groups and aliases, through these
    agents (none named, all), for so many seconds."""

    bounds: GrantBounds
    tools: tuple[str, ...]
    never: tuple[str, ...]
    agents: tuple[str, ...]
    ttl: int


@dataclass(frozen=True, slots=True)
class ElevationRefusal:
    """Why not: a stable code, a sentence, and what to do."""

    code: str
    message: str
    hint: str


def terms_of(
    book: ElevationBook, ask: ElevationAsk, past: ElevationPast, at: dt.datetime
) -> ElevationTerms | ElevationRefusal:
    """The terms on which a request may go to its approvers, or be granted where it needs none.

    Codes of refusals: `user-suspended`, `no-such-grant`, `tool-not-in-grant`, `tool-never-elevated`,
    `agent-not-in-grant`, `ttl-too-long`, `reason-missing`, `ticket-missing`, `confirmation-missing`, `too-many-active`,
    `cooling-down`.
    """
    if book.is_suspended(ask.subject):
        return ElevationRefusal("user-suspended", f"{ask.subject.user} is suspended.", "Lift the suspension first.")
    offered = {bounds.name: bounds for bounds in book.bounds(ask.subject, at)}
    bounds = offered.get(ask.grant)
    if bounds is None:
        return _no_such_grant(ask, tuple(offered))
    ttl = bounds.max_ttl if ask.ttl is None else ask.ttl
    found = _refused_scope(ask, bounds) or _refused_terms(ask, bounds, ttl) or _refused_past(bounds, past, at)
    if found is not None:
        return found
    agent = ask.subject.agent
    agents = (agent,) if agent is not None else tuple(sorted(bounds.agents or ()))
    tools = normalise(catalogue(DEFAULT_HOST).expand_all(ask.tools), catalogue(DEFAULT_HOST).tools) or bounds.tools
    return ElevationTerms(bounds, tools, bounds.never, agents, ttl)


def _no_such_grant(ask: ElevationAsk, offered: Sequence[str]) -> ElevationRefusal:
    guess = KnownNames(offered).nearest(ask.grant) if offered else None
    if guess is not None:
        hint = f"Did you mean `{guess}`?"
    elif offered:
        hint = f"Grants: {', '.join(offered)}."
    else:
        hint = "No ElevationPolicy is for this person here and now."
    message = f"There is no grant `{ask.grant}` that {ask.subject.user} may ask for."
    return ElevationRefusal("no-such-grant", message, hint)


def _refused_scope(ask: ElevationAsk, bounds: GrantBounds) -> ElevationRefusal | None:
    names = catalogue(DEFAULT_HOST)
    for tool in ask.tools:
        if not is_covered(tool, bounds.tools, names):
            hint = f"It lifts {', '.join(bounds.tools) or 'nothing'}."
            return ElevationRefusal("tool-not-in-grant", f"The grant `{bounds.name}` does not lift `{tool}`.", hint)
        if is_covered(tool, bounds.never, names):
            hint = "The elevation policies say so in `neverElevate`."
            return ElevationRefusal("tool-never-elevated", f"`{tool}` is never elevated.", hint)
    if not bounds.tools:
        hint = f"{', '.join(bounds.policies)} have it, and no tool in common."
        return ElevationRefusal("tool-not-in-grant", f"The grant `{bounds.name}` lifts nothing.", hint)
    agent = ask.subject.agent
    if bounds.agents is not None and agent is not None and agent not in bounds.agents:
        message = f"The grant `{bounds.name}` is not for the agent `{agent}`."
        hint = f"Agents: {', '.join(sorted(bounds.agents)) or 'none'}."
        return ElevationRefusal("agent-not-in-grant", message, hint)
    if bounds.agents is not None and not bounds.agents:
        hint = f"{', '.join(bounds.policies)} have it, and no agent in common."
        return ElevationRefusal("agent-not-in-grant", f"The grant `{bounds.name}` is for no agent.", hint)
    return None


def _refused_terms(ask: ElevationAsk, bounds: GrantBounds, ttl: int) -> ElevationRefusal | None:
    if not 0 < ttl <= bounds.max_ttl:
        longest = format_duration(bounds.max_ttl)
        message = f"The grant `{bounds.name}` is given for at most {longest}."
        return ElevationRefusal("ttl-too-long", message, f"Ask for {longest} or less.")
    if bounds.require_reason and not ask.reason.strip():
        return ElevationRefusal("reason-missing", f"The grant `{bounds.name}` needs a reason.", "Say why.")
    if bounds.require_ticket and not (ask.ticket or "").strip():
        return ElevationRefusal("ticket-missing", f"The grant `{bounds.name}` needs a ticket.", "Name the ticket.")
    if bounds.phrase is not None and ask.confirmation != bounds.phrase:
        message = f"The grant `{bounds.name}` must be confirmed in words."
        return ElevationRefusal("confirmation-missing", message, f"Type exactly: {bounds.phrase}")
    return None


def _refused_past(bounds: GrantBounds, past: ElevationPast, at: dt.datetime) -> ElevationRefusal | None:
    if past.active >= bounds.max_active:
        message = f"{past.active} of the grant `{bounds.name}` are already asked for or in force."
        return ElevationRefusal("too-many-active", message, "Let one end, or revoke it.")
    if past.last_ended is not None and at < past.last_ended + dt.timedelta(seconds=bounds.cooldown):
        left = format_duration(int((past.last_ended - at).total_seconds()) + bounds.cooldown)
        message = f"The last one of the grant `{bounds.name}` ended too short a time ago."
        return ElevationRefusal("cooling-down", message, f"Wait {left}.")
    return None
