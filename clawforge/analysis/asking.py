"""Who may use a tool, and what a subject may use: of those who are known, and of everybody who may still come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clawforge.analysis.comparison import freest_levels
from clawforge.analysis.level import Level, level_of
from clawforge.analysis.population import KnownInstance, Population
from clawforge.analysis.sections.tools import ToolKind
from clawforge.analysis.walk import base_wants
from clawforge.analysis.wants import Tailor, Want
from clawforge.analysis.ways import Way, ways
from clawforge.analysis.world import World
from clawforge.decide.catalogue import catalogue
from clawforge.decide.decider import Decider
from clawforge.decide.request import Request
from clawforge.decide.simulate import simulated_facts
from clawforge.effective import Effective
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource


@dataclass(slots=True)
class Holders:
    """Everybody who gets one level through one base. `agent` and `context` are given where it is so only through them.
    `newcomer` stands for whoever comes and is like it."""

    level: Level
    base: str | None
    agent: str | None = None
    context: str | None = None
    users: list[str] = field(default_factory=list)
    instances: list[KnownInstance] = field(default_factory=list)
    newcomer: Subject | None = None


def who_can(
    resources: Sequence[Resource],
    tool: str,
    at: dt.datetime,
    *,
    params: Mapping[str, Any] | None = None,
    instances: Iterable[KnownInstance] = (),
) -> tuple[Holders, ...]:
    """Who may call a tool at a moment, the freest first: some call of it, or this one where `params` are given.

    First those who are known, then, for every base policy, whoever may still come and match nothing but it.
    """
    model = OrgModel(resources)
    world = World(resources, resources, at, models=(model, model))
    question = _Question(model, tool, params, at)
    found: dict[tuple[object, ...], Holders] = {}
    every = ways(target.selector for target in model.index.targets)
    for cohort in Population(world, instances).cohorts:
        plain: dict[Way, tuple[Level, str | None]] = {}
        for agent, context in every:
            level = question.level(cohort.first.model_copy(update={"agent": agent, "context": context}))
            # Two together are worth a line only where neither of them alone does the same.
            alone = [plain[way] for way in {(None, None), (agent, None), (None, context)} if way in plain]
            plain[agent, context] = level
            if level in alone:
                continue
            key = (*level, agent, context)
            group = found.setdefault(key, Holders(level[0], level[1], agent, context))
            group.users.extend(cohort.users)
            group.instances.extend(cohort.instances)
    newcomers = [Holders(*question.level(one), newcomer=one) for one in _newcomers(world)]
    known = sorted(found.values(), key=lambda item: (item.agent or "", item.context or "", item.level, item.base or ""))
    return (*known, *sorted(newcomers, key=lambda item: (item.level, item.base or "")))


def what_can(effective: Effective) -> tuple[tuple[ToolKind, Level], ...]:
    """The most that some call of each kind of tools gets, apart from DLP and versions; the freest first."""
    found = [(kind, level) for kind, level in freest_levels(effective).values() if not kind.lookalike]
    return tuple(sorted(found, key=lambda item: (item[1], item[0].label)))


class _Question:
    """One call, or any call of one tool, asked about many subjects."""

    def __init__(self, model: OrgModel, tool: str, params: Mapping[str, Any] | None, at: dt.datetime) -> None:
        self._model = model
        self._tool = catalogue().canonical_name(tool)
        self._params = params
        self._at = at
        self._known: dict[str, Level] = {}

    def level(self, subject: Subject) -> tuple[Level, str | None]:
        """The level that somebody gets, and the base that they start from."""
        resolution = self._model.resolve(subject, self._at)
        key = resolution.digest if self._params is None else f"{resolution.digest} {subject.user}"
        if key not in self._known:
            self._known[key] = self._asked(resolution, subject)
        return self._known[key], resolution.base

    def _asked(self, resolution: Resolution, subject: Subject) -> Level:
        if self._params is None:
            return freest_levels(resolution.effective, ToolKind(self._tool, self._tool))[self._tool][1]
        request = Request(tool=self._tool, params=dict(self._params), user=subject.user, at=self._at)
        return level_of(Decider(resolution.effective).decide(request, facts=simulated_facts(subject.user)))


def _newcomers(world: World) -> Iterator[Subject]:
    """Somebody new without anything, and for each base somebody new whom it matches."""
    tailor = Tailor(world.sides)
    seen: set[str] = set()
    wanted = [frozenset[Want](), *(frozenset((want,)) for want in base_wants(world) if want.side == 0)]
    for wants in wanted:
        for subject in tailor.subjects(wants):
            if subject.user == tailor.new_user and subject.model_dump_json() not in seen:
                seen.add(subject.model_dump_json())
                yield subject
