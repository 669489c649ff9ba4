"""The programs of commands, with their directories, as far as patterns tell them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.character_machine import CharacterMachine, State, Track, literal_track, pieces_track
from clawforge.analysis.language.exploring import Explored
from clawforge.analysis.language.other_words import OtherWords
from clawforge.analysis.language.word_condition import (
    ANY,
    Ahead,
    AskedGlob,
    Kind,
    Sort,
    WordCondition,
    fillings,
    is_system,
    plain_characters,
)
from clawforge.decide.shell_program import SYSTEM_DIRECTORIES

_NICE = ("other", "x", "another")
_DIRECTORIES = ("", "./", "other/", "/usr/bin/", *sorted(SYSTEM_DIRECTORIES))

_Key = tuple[frozenset[tuple[WordCondition, int]], frozenset[str]]
_Place = tuple[State, bool]
"""Where the tracks are in a directory, and whether a `/` was the last character."""


class ProgramWords:
    """Sorts of programs. What globs make of them is remembered. `unused` is a bit that no outcome has."""

    def __init__(self, unused: int, budget: Budget) -> None:
        self._unused = unused
        self._budget = budget
        self._globs: dict[_Key, _ProgramGlobs] = {}

    def sorts(self, ahead: Ahead) -> Iterator[Sort]:
        """Every program that is spelled in full, in each sort of directory, and one for each outcome that others have.
        Raises TooComplexError.
        """
        spelled = _Spelled()
        wild: dict[WordCondition, int] = {}
        for condition, outcome in ahead.items():
            if len(condition.glob.pieces) == 1:
                spelled.add(condition, outcome)
            else:
                wild[condition] = outcome
        key = (frozenset(wild.items()), frozenset(spelled.paths))
        globs = self._globs.get(key)
        if globs is None:
            globs = self._globs[key] = _ProgramGlobs(wild, spelled.paths, self._unused, self._budget)
        for directory in globs.directories:
            names = spelled.names(directory)
            self._budget.spend(len(names))
            for outcome, name in globs.others(directory).find(names.__contains__, self._budget).items():
                yield directory + name, outcome
            for name, outcome in names.items():
                if directory + name:
                    yield directory + name, outcome | globs.outcome(directory, name)


@dataclass(slots=True)
class _Spelled:
    """Programs that are spelled in full: by name in any directory, by name in those that systems keep, by path."""

    named: dict[str, int] = field(default_factory=dict)
    system: dict[str, int] = field(default_factory=dict)
    paths: dict[str, dict[str, int]] = field(default_factory=dict)
    """By directory and name."""

    def add(self, condition: WordCondition, outcome: int) -> None:
        [text] = condition.glob.pieces
        if condition.kind is Kind.WHOLE:
            directory, slash, name = text.rpartition("/")
            self.paths.setdefault(directory + slash, {})[name] = outcome
        elif condition.kind is Kind.NAMED:
            self.named[text] = outcome
        else:
            self.system[text] = outcome

    def names(self, directory: str) -> dict[str, int]:
        """Those that count in a directory, with what they lead to."""
        found = dict(self.named)
        for table in (self.paths.get(directory, {}), self.system if is_system(directory) else {}):
            for name, outcome in table.items():
                found[name] = found.get(name, 0) | outcome
        return found


class _ProgramGlobs:
    """Globs with `*`. `spelled` are directories of programs that are spelled in full."""

    def __init__(self, wild: Ahead, spelled: dict[str, dict[str, int]], unused: int, budget: Budget) -> None:
        self._spelled = spelled
        self._unused = unused
        self._budget = budget
        self._certain = self._certain_system = 0
        self._asked: list[AskedGlob] = []
        self._tracks: list[Track] = []
        self._whole: list[int] = []
        self._named: list[int] = []
        self._system: list[int] = []
        for condition, outcome in wild.items():
            self._add(condition, outcome)
        self._machine = CharacterMachine(self._tracks, self._certain)
        self._others: dict[str, OtherWords] = {}
        self._characters = plain_characters(self._machine.characters - {"/"})
        self.directories = self._find_directories()
        """One of each sort, and where the tracks that begin with it stand after it."""

    def others(self, directory: str) -> OtherWords:
        """Names in a directory."""
        found = self._others.get(directory)
        if found is None:
            found = self._others[directory] = OtherWords(
                self._tracks,
                partial(self._begin, directory),
                self._characters,
                (*_NICE, *fillings(self._asked)),
                unused=self._unused,
                certain=self._certain,
            )
        return found

    def outcome(self, directory: str, name: str) -> int:
        """What the globs that match a program lead to."""
        return self._machine.outcome(self._machine.run(self._begin(directory, self._machine), name))

    def _add(self, condition: WordCondition, outcome: int) -> None:
        pieces = condition.glob.pieces
        if pieces == ANY and condition.kind is Kind.SYSTEM:
            self._certain_system |= outcome
        elif pieces == ANY:
            self._certain |= outcome
        else:
            self._asked.append((pieces, outcome))
            if condition.kind is not Kind.SYSTEM:
                self._whole.append(self._track(pieces, outcome))
            if condition.kind is not Kind.WHOLE:
                (self._named if condition.kind is Kind.NAMED else self._system).append(self._track(pieces, outcome))

    def _track(self, pieces: tuple[str, ...], outcome: int) -> int:
        self._tracks.append(pieces_track(pieces, outcome))
        return len(self._tracks) - 1

    def _begin(self, directory: str, machine: CharacterMachine) -> State:
        """Where the tracks stand before the name of a program, after its directory."""
        state = machine.joined(self.directories[directory], machine.start(self._named))
        if is_system(directory):
            state = machine.joined(state, machine.start(self._system))
            state = machine.joined(state, (0, self._certain_system))
        return state

    def _find_directories(self) -> dict[str, State]:
        found: dict[tuple[State, bool, str], tuple[str, State]] = {}

        def note(directory: str, state: State) -> None:
            key = (state, is_system(directory), directory if directory in self._spelled else "")
            found.setdefault(key, (directory, state))

        start = self._machine.start(self._whole)
        for directory in (*_DIRECTORIES, *self._spelled):
            note(directory, self._machine.run(start, directory))
        for directory, state in self._other_directories().items():
            note(directory, state)
        return dict(found.values())

    def _other_directories(self) -> dict[str, State]:
        """A directory for each state, among those that are neither spelled nor kept by systems."""
        excluded: list[str] = []
        count = len(self._tracks)
        characters = plain_characters({*(self._machine.characters if self._whole else ()), "/"})
        while True:
            machine = CharacterMachine(
                (*self._tracks, *(literal_track(one, self._unused) for one in excluded)), self._certain
            )
            start = machine.joined(machine.start(self._whole), machine.start(range(count, count + len(excluded))))
            step = partial(_step, machine)
            explored = Explored((start, False), characters, step, self._budget, weight=machine.weight)
            found: dict[State, str] = {}
            for place in explored:
                state, ends = place
                if ends and not machine.outcome(state) & self._unused:
                    found.setdefault((state[0] & machine.bits_of(count), state[1]), explored.word(place))
            clashes = [word for word in found.values() if word in self._spelled or word in SYSTEM_DIRECTORIES]
            if not clashes:
                return {directory: state for state, directory in found.items()}
            excluded += clashes


def _step(machine: CharacterMachine, place: _Place, character: str) -> _Place:
    return machine.step(place[0], character), character == "/"
