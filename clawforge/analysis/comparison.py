"""Two effective policies compared: which calls pass more freely after than before, which less, and what is unknown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from clawforge.analysis.language.budget import TooComplexError
from clawforge.analysis.level import (
    FREE,
    PLAIN,
    Example,
    Level,
    Outcomes,
    Pair,
    freest,
    looser,
    product,
    tighter,
    united,
)
from clawforge.analysis.sections.commands import code_outcomes, command_outcomes
from clawforge.analysis.sections.dlp import UNCHANGED, DlpOutcomes, dlp_outcomes, named_tools, undecided_directions
from clawforge.analysis.sections.hosts import host_outcomes
from clawforge.analysis.sections.paths import path_outcomes
from clawforge.analysis.sections.settings import SettingChange, setting_changes
from clawforge.analysis.sections.skills import skill_outcomes
from clawforge.analysis.sections.tool_kinds import told_apart
from clawforge.analysis.sections.tools import ToolKind, tool_rules
from clawforge.analysis.sections.versions import version_outcomes
from clawforge.decide.facets import Facets
from clawforge.effective import Effective, Rules
from clawforge.resource.meta import Strict

COMMANDS, PATHS, HOSTS, SKILLS = "commands", "paths", "hosts", "skills"
"""What within a tool's parameters may make the difference."""

_BOTH_DENIED = (Level.DENY, Level.DENY)


@dataclass(frozen=True, slots=True)
class CallExample:
    """A call with its levels on both sides. `elevated`: it is made by somebody whose base and overlays are lifted for
    a while, so that only guardrails judge it. `setting` is set instead where no call but a setting differs."""

    before: Level
    after: Level
    tool: str
    example: Example
    elevated: bool = False
    setting: SettingChange | None = None


@dataclass(frozen=True, slots=True)
class ToolChange:
    """A kind of tools of which some call changes. `freest` is the most that any call of it gets, `about` the sections
    whose own pairs differ; neither looks at DLP and versions, which are not about tools."""

    kind: ToolKind
    freest: Pair
    looser: CallExample | None
    tighter: CallExample | None
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes between two effective policies. An example each way, if there is one, is proof; `maybe_looser` and
    `maybe_tighter` say what could not be decided. `tools` are those of ordinary calls, not elevated ones."""

    looser: CallExample | None = None
    tighter: CallExample | None = None
    maybe_looser: tuple[str, ...] = ()
    maybe_tighter: tuple[str, ...] = ()
    tools: tuple[ToolChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Proved to change nothing."""
        return self == NOTHING_CHANGES


NOTHING_CHANGES = Comparison()


@dataclass(slots=True)
class _Doubts:
    looser: set[str] = field(default_factory=set)
    tighter: set[str] = field(default_factory=set)

    def both(self, text: str) -> None:
        self.looser.add(text)
        self.tighter.add(text)


def compare(before: Effective, after: Effective, at: dt.datetime, *, elevated: bool = True) -> Comparison:
    """Compare at a moment, which matters to version targets alone; without `elevated` only ordinary calls."""
    if before == after:
        return NOTHING_CHANGES
    doubts = _Doubts()
    versions = version_outcomes(before.versions, after.versions, at)
    ordinary = _Part(before, after, before.enforced, after.enforced, doubts)
    tools = tuple(ordinary.changes())
    by_tools_alone = versions is FREE and _is_same(before.dlp, after.dlp)
    if by_tools_alone:
        examples = [call for change in tools for call in (change.looser, change.tighter) if call is not None]
    else:
        examples = list(ordinary.examples(versions))
    same_floor = _is_same(before.skills, after.skills) and _is_same(before.floor, after.floor)
    if elevated and not (by_tools_alone and same_floor):
        examples += _Part(before, after, before.floor, after.floor, doubts, elevated=True).examples(versions)
    settings = setting_changes(before.enforced, after.enforced)
    examples += (_of_setting(change) for change in settings)
    if not _is_same(before.dlp, after.dlp):
        gone, come = undecided_directions(before.dlp, after.dlp)
        doubts.looser.update(gone)
        doubts.tighter.update(come)
    return Comparison(
        looser=_best(example for example in examples if example.after < example.before),
        tighter=_best(example for example in examples if example.after > example.before),
        maybe_looser=tuple(sorted(doubts.looser)),
        maybe_tighter=tuple(sorted(doubts.tighter)),
        tools=tools,
        settings=settings,
    )


def _is_same(before: Strict, after: Strict) -> bool:
    """Equal; parts of policies that come out of one world are one object then, which is known at once."""
    return before is after or before == after


def freest_levels(effective: Effective, *only: ToolKind) -> Mapping[str, tuple[ToolKind, Level]]:
    """The most that some call of each kind of tools gets, by name, apart from DLP and versions; of every kind that the
    lists tell apart, or of `only` these. Raises TooComplexError."""
    doubts = _Doubts()
    part = _Part(effective, effective, effective.enforced, effective.enforced, doubts)
    found = {kind.name: (kind, freest(part.outcomes(kind))[0]) for kind in only or part.kinds}
    _refuse_doubts(doubts)
    return found


class OwnOutcomes:
    """The levels of calls under one effective policy, as pairs of a level with itself, apart from DLP and versions."""

    def __init__(self, effective: Effective) -> None:
        self._doubts = _Doubts()
        self._part = _Part(effective, effective, effective.enforced, effective.enforced, self._doubts)

    def of(self, kind: ToolKind) -> Outcomes:
        """The levels of the calls of one kind of tools. Raises TooComplexError."""
        found = self._part.outcomes(kind)
        _refuse_doubts(self._doubts)
        return found


def _refuse_doubts(doubts: _Doubts) -> None:
    if doubts.looser:
        raise TooComplexError(min(doubts.looser))


Shape = tuple[object, ...]
"""What matters of facets: tools of one shape differ in nothing but their names."""

_SHAPES: dict[int, tuple[Shape, Facets]] = {}


def shape_of(facets: Facets) -> Shape:
    """The shape of facets."""
    known = _SHAPES.get(id(facets))
    if known is None:
        code = None if facets.code is None else (facets.code.keys, tuple(sorted(facets.code.safe.items())))
        shape = (
            facets.paths, facets.path_needed, facets.path_default, facets.urls, facets.url_needed, facets.command, code,
            facets.skill,
        )  # fmt: skip
        # The facets are kept, so that their identity stays their own; there are as many as a catalogue has.
        known = _SHAPES[id(facets)] = (shape, facets)
    return known[0]


class _Part:
    """One set of rules of both sides: the enforced ones, or the floor that elevated calls are judged by."""

    def __init__(
        self,
        before: Effective,
        after: Effective,
        ours: Rules,
        theirs: Rules,
        doubts: _Doubts,
        *,
        elevated: bool = False,
    ) -> None:
        self._dlp = (before.dlp, after.dlp)
        self._verdicts = (before.skills, after.skills)
        self._rules = (ours, theirs)
        self._doubts = doubts
        self._elevated = elevated
        self._names = (tool_rules(ours.tools, ours.mcp), tool_rules(theirs.tools, theirs.mcp))
        self._sections: dict[Shape, tuple[Outcomes, tuple[str, ...]]] = {}
        self._products: dict[tuple[Pair, Shape], Outcomes] = {}

    @cached_property
    def kinds(self) -> tuple[ToolKind, ...]:
        """The kinds of tools that the rules tell apart."""
        return told_apart(self._names)

    def examples(self, versions: Outcomes) -> Iterator[CallExample]:
        """Calls that change, the freest and the strictest of each kind of tools."""
        same_dlp = _is_same(*self._dlp)
        for kind in self.kinds if same_dlp else told_apart(self._names, named_tools(*self._dlp)):
            if same_dlp and versions is FREE and self._is_same(kind):
                continue
            outcomes = self.outcomes(kind)
            if _denies_everything(outcomes):
                continue
            found = UNCHANGED if same_dlp else dlp_outcomes(*self._dlp, kind)
            self._doubt(found)
            outcomes = product(product(outcomes, found.outcomes), versions)
            for most in (looser(outcomes), tighter(outcomes)):
                if most is not None:
                    yield self._call(kind, *most)

    def changes(self) -> Iterator[ToolChange]:
        """The tools of which some call changes by tools, commands, paths, hosts or skills."""
        for kind in self.kinds:
            if self._is_same(kind):
                continue
            outcomes = self.outcomes(kind)
            freed, lost = looser(outcomes), tighter(outcomes)
            if freed is None and lost is None:
                continue
            yield ToolChange(
                kind,
                freest(outcomes),
                None if freed is None else self._call(kind, *freed),
                None if lost is None else self._call(kind, *lost),
                self._inside(kind.tool.facets)[1],
            )

    def outcomes(self, kind: ToolKind) -> Outcomes:
        """The pairs of the calls of one kind of tools."""
        pair = (self._names[0].level(kind), self._names[1].level(kind))
        key = (pair, shape_of(kind.tool.facets))
        known = self._products.get(key)
        if known is None:
            own: Outcomes = {pair: PLAIN}
            known = own if pair == _BOTH_DENIED else product(own, self._inside(kind.tool.facets)[0])
            self._products[key] = known
        return known

    def _is_same(self, kind: ToolKind) -> bool:
        """Whether neither the name nor anything inside of the calls makes a difference."""
        before, after = self._names[0].level(kind), self._names[1].level(kind)
        return before is after and (before is Level.DENY or not self._inside(kind.tool.facets)[1])

    def _inside(self, facets: Facets) -> tuple[Outcomes, tuple[str, ...]]:
        shape = shape_of(facets)
        known = self._sections.get(shape)
        if known is None:
            known = self._sections[shape] = self._looked_inside(facets)
        return known

    def _looked_inside(self, facets: Facets) -> tuple[Outcomes, tuple[str, ...]]:
        ours, theirs = self._rules
        sections: tuple[tuple[str, Callable[[], Outcomes]], ...] = (
            (COMMANDS, lambda: _run_by(facets, ours, theirs)),
            (PATHS, lambda: path_outcomes(ours.paths, theirs.paths, facets)),
            (HOSTS, lambda: host_outcomes(ours.network, theirs.network, facets)),
            (SKILLS, lambda: self._skills(facets)),
        )
        outcomes, about = FREE, []
        for name, decided in sections:
            try:
                found = decided()
            except TooComplexError:
                self._doubts.both(f"The patterns of {name} are too complex to be compared.")
                continue
            if any(before is not after for before, after in found):
                about.append(name)
            outcomes = product(outcomes, found)
        return outcomes, tuple(about)

    def _skills(self, facets: Facets) -> Outcomes:
        ours, theirs = self._rules
        return skill_outcomes((ours.skills, self._verdicts[0]), (theirs.skills, self._verdicts[1]), facets)

    def _call(self, kind: ToolKind, pair: Pair, example: Example) -> CallExample:
        return CallExample(*pair, kind.name, example, elevated=self._elevated)

    def _doubt(self, found: DlpOutcomes) -> None:
        self._doubts.looser.update(found.maybe_looser)
        self._doubts.tighter.update(found.maybe_tighter)


def _run_by(facets: Facets, before: Rules, after: Rules) -> Outcomes:
    """The pairs by the commands and the code that a tool runs."""
    commands = command_outcomes(before.exec, after.exec) if facets.command else None
    code = code_outcomes(before.exec, after.exec, facets.code) if facets.code is not None else None
    given = [part for part in (commands, code) if part is not None]
    return united(given) if given else FREE


def _denies_everything(outcomes: Outcomes) -> bool:
    return len(outcomes) == 1 and _BOTH_DENIED in outcomes


def _of_setting(change: SettingChange) -> CallExample:
    levels = (Level.DENY, Level.ALLOW) if change.looser else (Level.ALLOW, Level.DENY)
    return CallExample(*levels, "", Example(), setting=change)


def _best(examples: Iterable[CallExample]) -> CallExample | None:
    """The example that says most: a call before a setting, an ordinary call before an elevated one, a great difference
    before a small one, few parameters before many; then by name, so that it is always the same."""
    return min(examples, key=_order, default=None)


_TELLING = ("exec", "write", "read", "web_fetch", "message")
"""Tools whose loss or gain tells people most."""


def _order(example: CallExample) -> tuple[Any, ...]:
    return (
        example.setting is not None,
        example.elevated,
        bool(example.example.note),
        example.tool.isupper(),
        -abs(example.after - example.before),
        _TELLING.index(example.tool) if example.tool in _TELLING else len(_TELLING),
        len(example.example.params),
        example.tool,
    )
