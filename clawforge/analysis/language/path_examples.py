"""Examples of paths, held against the globs themselves: what the automata say is believed only then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from clawforge.analysis.language.budget import Budget
from clawforge.analysis.language.spellings import other_spelling
from clawforge.decide.paths import GlobList, is_in_workspace
from clawforge.decide.resolved_path import readings, surroundings

_HOME, _WORKSPACE = "/home/user", "/home/user/workspace"
_ELSEWHERE = ("/home/user", "/home/other", "/elsewhere", "/nowhere")
_MOST_TRIED = 200
"""Examples of one vector that are looked at."""
_STEPS_OF_A_PATH = 30


@dataclass(frozen=True, slots=True)
class PathExample:
    """An absolute path, and where the home and the workspace are."""

    path: str
    home: str
    workspace: str


@dataclass(frozen=True, slots=True)
class PathWords:
    """Names of a path; how many of them lead to the home and to the workspace, None where those lie elsewhere.
    `respelled`: the workspace is spelled in another case.
    """

    names: tuple[str, ...]
    home: int | None
    workspace: int | None
    respelled: bool


class PathConfirmation:
    """Lists of globs."""

    def __init__(self, lists: Sequence[tuple[str, ...]], budget: Budget) -> None:
        self._lists = [GlobList(globs) for globs in lists]
        self._budget = budget
        self._steps = _STEPS_OF_A_PATH + sum(map(len, lists))

    def example(self, vector: tuple[bool, ...], found: Iterable[PathWords]) -> PathExample | None:
        """The first of these paths that has this vector, with the places in usual spots if that can be. Raises
        TooComplexError.
        """
        for words in islice(found, _MOST_TRIED):
            for example in _examples(words):
                self._budget.spend(self._steps)
                if self.vector(example) == vector:
                    return example
        return None

    def vector(self, example: PathExample) -> tuple[bool, ...]:
        """Of any reading that a glob means, and of all of them for the workspace, as calls are judged."""
        around = surroundings(example.home, example.workspace)
        meanings = readings(example.path, around)
        denied = (any(globs.find(path, around) is not None for path in meanings) for globs in self._lists)
        return (*denied, all(is_in_workspace(path, around) for path in meanings))


def _examples(words: PathWords) -> Iterator[PathExample]:
    if words.workspace is not None:
        below = words.names[words.workspace :]
        yield PathExample(_joined(_WORKSPACE, below), _HOME, _WORKSPACE)
    if words.home is not None:
        below = words.names[words.home :]
        yield PathExample(_joined(_HOME, below), _HOME, _WORKSPACE)
    path = _joined("", words.names)
    yield PathExample(path, _HOME, _WORKSPACE)
    home = _place(words.names, words.home)
    workspace = _place(words.names, words.workspace)
    if words.respelled and words.workspace is not None:
        names = list(words.names[: words.workspace])
        at = next((index for index, name in enumerate(names) if other_spelling(name) != name), None)
        if at is not None:
            names[at] = other_spelling(names[at])
        workspace = _joined("", names)
    yield PathExample(path, home, workspace)


def _place(names: tuple[str, ...], length: int | None) -> str:
    """The place after so many names, or one that does not lie on the path."""
    if length is not None:
        return _joined("", names[:length])
    folded = _joined("", names).casefold() + "/"
    return next(place for place in (*_ELSEWHERE, "/else/where") if not folded.startswith(place + "/"))


def _joined(folder: str, names: Sequence[str]) -> str:
    return "/".join((folder, *names)) or "/"
