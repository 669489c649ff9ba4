"""The policies of one subject over a stretch of time, by agent and context: what a bundle holds, so that an
agent that hears nothing from the server still switches at every boundary (SPEC.md 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from clawforge.errors import InputError
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import Target
from clawforge.resource.meta import Instant, Sha256, Strict

HORIZON = dt.timedelta(days=7)

MOST_PIECES = 20_000
"""Combinations of agent, context and stretch of time that one bundle may have. Schedules that open every few minutes
under many agents make millions, which nobody could work out on each poll, nor sign, nor hold."""

Through = tuple[str | None, str | None]
"""Agent and context; None stands for any that is not named."""


class Variant(Strict):
    """The policy that holds through an agent, in a context, from one moment until another (exclusive). An
    agent or context that is left out means every one for which there is no variant of its own."""

    agent: str | None = None
    context: str | None = None
    from_: Annotated[Instant, Field(alias="from")]
    until: Instant
    digest: Sha256


def horizon(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Seven whole days from the start of the UTC day, so that a bundle stays the same for the day."""
    start = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + HORIZON


def variants(
    org: OrgModel, subject: Subject, start: dt.datetime, end: dt.datetime
) -> tuple[list[Variant], dict[str, Resolution]]:
    """Every variant of a subject in [start, end), whatever agent and context it names, and the policies by
    digest.

    An agent (or context) that makes no difference anywhere gets no variants of its own. Those that do are
    combined with every context (agent), so that looking up each by itself always finds the right one. Raises
    InputError for an empty stretch of time, for more than `MOST_PIECES` (`too-many-variants`), and as
    `OrgModel.resolve` does.
    """
    if start >= end:
        raise InputError("This stretch of time is empty.", hint="The end must lie after the start.")
    start, end = start.astimezone(dt.UTC), end.astimezone(dt.UTC)
    timelines, policies = _timelines(org, subject, start, end)
    agents = _distinct(timelines, 0)
    contexts = _distinct(timelines, 1)
    found = [
        Variant(agent=agent, context=context, from_=opens, until=shuts, digest=digest)
        for agent in agents
        for context in contexts
        for opens, shuts, digest in timelines[agent, context]
    ]
    used = {variant.digest for variant in found}
    return found, {digest: policies[digest] for digest in sorted(used)}


def check_variants(org: OrgModel, subjects: Iterable[Subject], start: dt.datetime, end: dt.datetime) -> None:
    """Raise InputError (`too-many-variants`) as `variants` would for one of the subjects, without working them out.

    Where all targets together stay within the limit, the subjects are not even looked at.
    """
    everything = org.index.targets
    agents, contexts = _named(everything, "agents"), _named(everything, "contexts")
    if (len(_moments(everything, start, end)) - 1) * len(agents) * len(contexts) <= MOST_PIECES:
        return
    for subject in subjects:
        targets = [everything[candidate.target] for candidate in org.index.candidates(org.facts(subject))]
        pieces = len(_moments(targets, start, end)) - 1
        _refuse_too_many(subject, pieces, len(_named(targets, "agents")), len(_named(targets, "contexts")))


def _moments(targets: Sequence[Target], start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    return sorted({start, end, *(moment for target in targets for moment in target.changes(start, end))})


def _refuse_too_many(subject: Subject, stretches: int, agents: int, contexts: int) -> None:
    if stretches * agents * contexts > MOST_PIECES:
        raise InputError(
            f"The policies of {subject.user} change too often: they hold for {stretches} stretches of time in "
            f"seven days, for {agents} agents and {contexts} contexts each.",
            hint="Let schedules open less often, or name fewer agents and contexts.",
            code="too-many-variants",
        )


def select_variant(found: Iterable[Variant], agent: str | None, context: str | None, at: dt.datetime) -> Variant | None:
    """The variant for a call. A variant that names the agent beats one that does not; then the same for the
    context. None when nothing covers the moment: the caller denies."""
    best: Variant | None = None
    for variant in found:
        if (
            variant.agent in (None, agent)
            and variant.context in (None, context)
            and variant.from_ <= at < variant.until
            and (best is None or _exactness(variant) > _exactness(best))
        ):
            best = variant
    return best


def _exactness(variant: Variant) -> tuple[bool, bool]:
    return (variant.agent is not None, variant.context is not None)


Timeline = tuple[tuple[dt.datetime, dt.datetime, str], ...]
"""(from, until, digest), without gaps; neighbours differ."""


def _timelines(
    org: OrgModel, subject: Subject, start: dt.datetime, end: dt.datetime
) -> tuple[dict[Through, Timeline], dict[str, Resolution]]:
    facts = org.facts(subject)
    static = org.index.candidates(facts)
    targets = [org.index.targets[candidate.target] for candidate in static]
    moments = _moments(targets, start, end)
    agents, contexts = _named(targets, "agents"), _named(targets, "contexts")
    _refuse_too_many(subject, len(moments) - 1, len(agents), len(contexts))
    policies: dict[str, Resolution] = {}
    timelines: dict[Through, Timeline] = {}
    for agent in agents:
        for context in contexts:
            pieces: list[tuple[dt.datetime, dt.datetime, str]] = []
            for opens, shuts in pairwise(moments):
                present = org.present(static, agent, context, opens, suspended=facts.suspended)
                resolution = org.resolution(present, suspended=facts.suspended)
                policies.setdefault(resolution.digest, resolution)
                if pieces and pieces[-1][2] == resolution.digest:
                    pieces[-1] = (pieces[-1][0], shuts, resolution.digest)
                else:
                    pieces.append((opens, shuts, resolution.digest))
            timelines[agent, context] = tuple(pieces)
    return timelines, policies


def _named(targets: Sequence[Target], key: str) -> list[str | None]:
    """Every agent (or context) that a selector or its exception names, and None for all others."""
    names: set[str] = set()
    for target in targets:
        for conditions in (target.selector.conditions, target.selector.exception):
            if conditions is not None:
                names.update(getattr(conditions, key) or ())
    return [None, *sorted(names)]


def _distinct(timelines: dict[Through, Timeline], side: int) -> list[str | None]:
    """The agents (side 0) or contexts (side 1) that differ somewhere from one that nobody names, and None."""
    names = {through[side] for through in timelines}
    differing = {
        through[side]
        for through, timeline in timelines.items()
        if timeline != timelines[(None, through[1]) if side == 0 else (through[0], None)]
    }
    return [None, *sorted(name for name in names if name is not None and name in differing)]
