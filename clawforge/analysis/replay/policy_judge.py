"""One policy that judges recorded calls, and what it says of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from clawforge.analysis.replay.blind import without_parameters
from clawforge.analysis.replay.relevance import Relevant, relevant
from clawforge.decide.call import tool_of
from clawforge.decide.decider import Decider
from clawforge.decide.request import Decision, InstanceFacts, Request
from clawforge.position import Positions
from clawforge.resolve.org import Resolution
from clawforge.resolve.provenance import locate
from clawforge.resource.policy_test import Effect


class Outcome(NamedTuple):
    """How a call ends and what decided it: the code of the reason, the resource and path behind it, and where that
    stands in the files."""

    effect: Effect
    code: str
    resource: str | None = None
    path: str | None = None
    file: str | None = None
    line: int = 0


class Judged(NamedTuple):
    """An outcome, and the sentence that says why. `discreet`: sensitive values were found in the parameters, so nothing
    of them may be shown."""

    outcome: Outcome
    message: str
    discreet: bool


class PolicyJudge:
    """Judges calls by one resolution as a simulator does, but for what policies on trial would only record."""

    def __init__(self, resolution: Resolution, positions: Positions) -> None:
        self.digest = resolution.digest
        self.matched = resolution.matched
        tied = {address for alert in resolution.alerts if alert.code == "base-tie" for address in alert.resources}
        self.bases = frozenset(tied | ({resolution.base} if resolution.base is not None else set()))
        """Of the policies that match and could be the starting point, those that are."""
        # Policies on trial change no effect, and judging by them as well takes as long as judging does.
        self._effective = resolution.effective.model_copy(update={"shadow": None})
        self._provenance = locate(resolution.provenance, positions)
        self._decider = Decider(self._effective, provenance=self._provenance)

    def judge(self, tool: str, params: Mapping[str, Any], user: str, at: dt.datetime, facts: InstanceFacts) -> Judged:
        """What the policy says to a call."""
        request = Request(tool=tool, params=dict(params), user=user, at=at)
        return _judged(self._decider.decide(request, facts=facts))

    def judge_blind(self, tool: str, user: str, at: dt.datetime, facts: InstanceFacts) -> Judged | None:
        """What the policy says to every call of a tool, whatever its parameters; None if they can matter."""
        bare, matters = without_parameters(self._effective, tool_of(facts.host, tool))
        request = Request(tool=tool, user=user, at=at)
        judged = _judged(Decider(bare, provenance=self._provenance).decide(request, facts=facts))
        return judged if judged.outcome.effect is Effect.DENY or not matters else None

    def relevant(self, tool: str, host: str) -> Relevant:
        """What of the policy can matter to calls of a tool."""
        return relevant(self._effective, tool_of(host, tool))


def _judged(decision: Decision) -> Judged:
    reason = decision.reasons[0]
    place = reason.position
    outcome = Outcome(
        decision.effect,
        reason.code,
        reason.resource,
        reason.path,
        place.file if place else None,
        place.line if place else 0,
    )
    codes = [item.code for item in decision.reasons] + [record.code for record in decision.obligations.record]
    return Judged(outcome, reason.message, any("dlp-" in code for code in codes))
