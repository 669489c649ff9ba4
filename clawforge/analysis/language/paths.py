"""Which combinations of lists of path globs some path matches, wherever the home and the workspace are.

All paths are read at once, name by name, from the root down; on the way the home or the workspace may lie at what has
been read. Names that no glob tells apart count as one, and beginnings after which the globs can go on alike count as
one. Paths are those of machines without drives, and without control characters, for a path that cannot be read counts
as one that every glob means. A home or workspace whose place is not known only makes more globs match.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.path_examples import PathConfirmation, PathExample, PathWords
from clawforge.analysis.language.path_names import PathNames
from clawforge.analysis.language.word_machine import Step, WordMachine, WordPattern
from clawforge.decide.paths import NameGlob, PathGlob
from clawforge.decide.resolved_path import Anchor

__all__ = ["PathExample", "PathVectors", "Vector", "path_vectors"]

_STEPS_OF_A_STATE, _STEPS_OF_A_NAME = 10, 3

Vector = tuple[bool, ...]
"""One truth for each list, then whether the path lies in the workspace."""


@dataclass(frozen=True, slots=True)
class PathVectors:
    """Truths that paths have: for each list, in order, whether one of its globs means the path, and whether the path
    lies in the workspace. `found` holds an example of each; `unverified` are vectors for which none was confirmed.
    """

    found: Mapping[Vector, PathExample]
    unverified: frozenset[Vector]


def path_vectors(lists: Sequence[tuple[str, ...]], budget: Budget) -> PathVectors:
    """Every vector of these lists of globs. Raises TooComplexError."""
    reading = _Reading(lists, budget)
    reading.read()
    confirmation = PathConfirmation(lists, budget)
    found: dict[Vector, PathExample] = {}
    unverified: set[Vector] = set()
    for vector, states in reading.reached().items():
        example = confirmation.example(vector, (reading.words(state) for state in states))
        if example is not None:
            found[vector] = example
        else:
            unverified.add(vector)
    return PathVectors(found, frozenset(unverified))


class _Workspace(IntEnum):
    """Where the workspace is, once some names have been read."""

    ELSEWHERE = 0
    HERE = 1
    RESPELLED = 2
    """Here, but spelled in another case: globs ignore that, the rule that keeps to the workspace does not."""


@dataclass(frozen=True, slots=True)
class _Key:
    """How far the globs are, and which places lie at or above what has been read."""

    places: int
    home: bool = False
    workspace: _Workspace = _Workspace.ELSEWHERE
    respelled: bool = False
    """Whether some name can be spelled in another case, as long as that matters."""


@dataclass(frozen=True, slots=True)
class _State:
    """`name` is the last one; None where only a place was noted."""

    key: _Key
    name: str | None
    origin: int


class _Reading:
    """Reads all paths at once."""

    def __init__(self, lists: Sequence[tuple[str, ...]], budget: Budget) -> None:
        self._budget = budget
        self._machine = WordMachine(len(lists), list(_patterns(lists)))
        width = self._machine.width
        self._home = self._machine.start(Anchor.HOME)
        self._workspace = self._machine.start(Anchor.WORKSPACE)
        self._respelled = 1 << width + 1 if self._workspace else 0
        globs = {part for texts in lists for text in texts for part in PathGlob.parse(text).parts if part is not None}
        self._names = PathNames(globs, 1 << width, self._respelled, budget)
        self._states: list[_State] = []
        self._seen: set[_Key] = set()

    def read(self) -> None:
        """Find all states. Raises TooComplexError."""
        self._reach(_Key(self._machine.start(Anchor.ROOT)), None, -1)
        index = 0
        while index < len(self._states):
            self._follow(index)
            index += 1

    def reached(self) -> dict[Vector, list[int]]:
        """The states of each vector, those of shorter paths first."""
        found: dict[Vector, list[int]] = {}
        for index, state in enumerate(self._states):
            truths = self._machine.truths(state.key.places)
            found.setdefault((*truths, state.key.workspace is _Workspace.HERE), []).append(index)
        return found

    def words(self, index: int) -> PathWords:
        """The path that leads to a state, and where the places lie on it."""
        names: list[str] = []
        home, workspace = 0, 0
        key = self._states[index].key
        while index >= 0:
            state = self._states[index]
            above = self._states[state.origin].key if state.origin >= 0 else _Key(0)
            if state.name is not None:
                names.append(state.name)
            if state.key.home is not above.home:
                home = len(names)
            if state.key.workspace is not above.workspace:
                workspace = len(names)
            index = state.origin
        return PathWords(
            tuple(reversed(names)),
            len(names) - home if key.home else None,
            len(names) - workspace if key.workspace else None,
            respelled=key.workspace is _Workspace.RESPELLED,
        )

    def _follow(self, index: int) -> None:
        key = self._states[index].key
        self._note_places(key, index)
        ahead, stays = self._machine.ahead(key.places, self._budget)
        wanted = self._workspace and key.workspace is _Workspace.ELSEWHERE and not key.respelled
        if not ahead and not wanted:
            return
        sorts = self._names.sorts(ahead)
        self._budget.spend(_STEPS_OF_A_STATE + _STEPS_OF_A_NAME * len(sorts))
        for name, outcome in sorts:
            respelled = key.respelled or bool(wanted and outcome & self._respelled)
            places = outcome & ~self._respelled | stays
            self._reach(_Key(places, key.home, key.workspace, respelled), name, index)

    def _note_places(self, key: _Key, index: int) -> None:
        """Let the home or the workspace lie here."""
        if self._home and not key.home:
            self._reach(_Key(key.places | self._home, True, key.workspace, key.respelled), None, index)
        if key.workspace is _Workspace.ELSEWHERE:
            places = key.places | self._workspace
            self._reach(_Key(places, key.home, _Workspace.HERE), None, index)
            if self._workspace and key.respelled:
                self._reach(_Key(places, key.home, _Workspace.RESPELLED), None, index)

    def _reach(self, key: _Key, name: str | None, origin: int) -> None:
        if key not in self._seen:
            self._seen.add(key)
            self._budget.spend(_STEPS_OF_A_NAME + key.places.bit_length() // 512)
            self._states.append(_State(key, name, origin))


def _patterns(lists: Sequence[tuple[str, ...]]) -> Iterator[WordPattern[NameGlob]]:
    for owner, globs in enumerate(lists):
        for text in sorted(set(globs)):
            glob = PathGlob.parse(text)
            steps: list[Step[NameGlob]] = []
            after_any = False
            for part in glob.parts:
                if part is None:
                    after_any = True
                else:
                    steps.append(Step(part, after_any))
                    after_any = False
            # A `**` at the end asks for nothing: what is meant covers everything below it.
            yield WordPattern(owner, glob.anchor, tuple(steps), is_open=True)
