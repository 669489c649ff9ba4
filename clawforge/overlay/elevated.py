"""Whether a call is lifted now, and the decision that says by what.

Whoever decides gives two readings of the present. An overlay counts only if it began by the earlier and has not ended
by the later, so a clock that is wrong in either direction makes it shorter, never longer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from clawforge.decide.call import Follow, Tool, tool_of
from clawforge.decide.catalogue import DEFAULT_HOST, catalogue
from clawforge.decide.decider import Decider
from clawforge.decide.names import NameMatcher
from clawforge.decide.request import Decision, InstanceFacts, Record, Request, Runtime
from clawforge.overlay.runtime_overlay import Elevation, TemporaryGrant
from clawforge.resource.meta import format_instant


@dataclass(frozen=True, slots=True)
class Present:
    """Two readings of one moment; they are equal where the time is beyond doubt."""

    earliest: dt.datetime
    latest: dt.datetime

    @classmethod
    def sure(cls, at: dt.datetime) -> Present:
        """A moment that nobody doubts, as in a simulation."""
        return cls(at, at)


def is_in_force(overlay: Elevation | TemporaryGrant, present: Present) -> bool:
    """Whether it has begun and not ended, whichever reading is right."""
    earliest, latest = sorted((present.earliest, present.latest))
    return overlay.from_ <= earliest and latest < overlay.until


def lifting(
    overlays: Iterable[Elevation | TemporaryGrant], request: Request, facts: InstanceFacts, present: Present
) -> Elevation | TemporaryGrant | None:
    """The overlay that lifts this call now, the one that lasts longest; None if the policies hold."""
    tool = tool_of(facts.host, request.tool)
    found = [
        overlay
        for overlay in overlays
        if is_in_force(overlay, present)
        and overlay.user == request.user
        and (not overlay.agents or request.agent in overlay.agents)
        and overlay.context in (None, request.context)
        and _lifts(overlay, tool)
    ]
    return min(found, key=lambda overlay: (-overlay.until.timestamp(), overlay.id), default=None)


def decide_lifted(
    decider: Decider,
    request: Request,
    overlays: Sequence[Elevation | TemporaryGrant],
    *,
    present: Present,
    facts: InstanceFacts,
    runtime: Runtime,
    follow: Follow | None = None,
) -> Decision:
    """The decision of a policy with these runtime overlays. Every call that one of them lifts carries an obligation to
    record it, whether or not the policies would have let it pass as well."""
    overlay = lifting(overlays, request, facts, present) if overlays else None
    decision = decider.decide(request, facts=facts, runtime=runtime, elevated=overlay is not None, follow=follow)
    if overlay is None:
        return decision
    record = Record(code="elevated", message=_sentence(overlay), resource=f"{overlay.kind}/{overlay.id}")
    obligations = decision.obligations.model_copy(update={"record": (record, *decision.obligations.record)})
    return decision.model_copy(update={"obligations": obligations})


def _lifts(overlay: Elevation | TemporaryGrant, tool: Tool) -> bool:
    """As with an allow list, only the tool's canonical name counts; against it, every name that it could have."""
    if _matcher(overlay.tools).find(tool.name, core=tool.core) is None:
        return False
    return tool.found_by(_matcher(overlay.never)) is None


@lru_cache(maxsize=256)
def _matcher(patterns: tuple[str, ...]) -> NameMatcher:
    """Groups and aliases are expanded once more. A group that the catalogue does not have lifts nothing, and where it
    is never lifted it means every tool."""
    names = catalogue(DEFAULT_HOST)
    return NameMatcher([name for pattern in patterns for name in (names.expand(pattern) or (pattern,))])


def _sentence(overlay: Elevation | TemporaryGrant) -> str:
    what = "elevation" if overlay.kind == "elevation" else "temporary grant"
    ticket = "" if overlay.ticket is None else f", ticket {overlay.ticket}"
    return (
        f"Judged by the guardrails alone: the {what} {overlay.id} ({overlay.grant}) of {overlay.user} holds until "
        f"{format_instant(overlay.until)}{ticket}. Reason: {overlay.reason}"
    )
