"""Judging a call without an agent: what `can`, `test` and the server's `decide` do, in one place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clawforge.decide.decider import Decider
from clawforge.decide.request import Decision, InstanceFacts, Origin, Request, Runtime
from clawforge.overlay.elevated import Present, decide_lifted
from clawforge.overlay.runtime_overlay import Elevation, TemporaryGrant
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.provenance import locate
from clawforge.resolve.subject import Subject

_MOST_DECIDERS = 1_000
"""Compiled policies that are kept: whoever asks may name any groups, and so make any number of classes."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision, the resolution behind it, and what was asked."""

    decision: Decision
    resolution: Resolution
    request: Request


def simulated_facts(user: str) -> InstanceFacts:
    """A plausible machine for a subject that has none here: a home and a workspace below it, no versions known."""
    home = f"/home/{user.partition('@')[0]}"
    return InstanceFacts(versions=None, home=home, workspace=f"{home}/workspace")


class Simulator:
    """Judges calls against one state; policies are compiled once per class of subjects."""

    def __init__(self, org: OrgModel, positions: Positions, *, revision: int | None = None) -> None:
        self._org = org
        self._positions = positions
        self._revision = revision
        self._deciders: dict[str, Decider] = {}

    def judge(
        self,
        subject: Subject,
        tool: str,
        params: Mapping[str, Any],
        at: dt.datetime,
        *,
        origin: Origin = Origin(),  # noqa: B008 - frozen
        runtime: Runtime = Runtime(),  # noqa: B008 - frozen
        overlays: Sequence[Elevation | TemporaryGrant] = (),
    ) -> Judgement:
        """The decision that an agent of this subject would give at that moment, with these runtime overlays in its
        bundle."""
        resolution = self._org.resolve(subject, at)
        key = f"{resolution.digest} {resolution.matched}"
        decider = self._deciders.get(key)
        if decider is None:
            decider = Decider(
                resolution.effective,
                provenance=locate(resolution.provenance, self._positions),
                digest=resolution.digest,
                revision=self._revision,
            )
            if len(self._deciders) >= _MOST_DECIDERS:
                self._deciders.clear()
            self._deciders[key] = decider
        request = Request(
            tool=tool,
            params=dict(params),
            user=subject.user,
            instance=subject.instance,
            agent=subject.agent,
            context=subject.context,
            channel=origin.channel,
            sender=origin.sender,
            provider=origin.provider,
            at=at,
        )
        decision = decide_lifted(
            decider,
            request,
            overlays,
            present=Present.sure(at),
            facts=simulated_facts(subject.user),
            runtime=runtime,
        )
        return Judgement(decision, resolution, request)
