"""Which files a commit changed by itself, so that its signer answers for them.

A merge answers for what it did not simply take over from the side that changed it: for files that both sides changed,
and for files that it set back to how one side had them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clawforge_cli.gitops.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and its parents, by id."""

    id: str
    parents: tuple[str, ...]


_Pair = tuple[str, str | None]
"""A commit, and what it is compared with; None for nothing at all."""


def changed_paths(mirror: Mirror, commits: Sequence[Commit]) -> Iterator[tuple[Commit, frozenset[str]]]:
    """For each commit the paths from the top of the repository that it answers for. Raises FetchError."""
    bases = {commit.id: _bases(mirror, commit) for commit in commits if len(commit.parents) == 2}
    wanted: list[_Pair] = []
    for commit in commits:
        wanted += [(commit.id, parent) for parent in commit.parents or (None,)]
        wanted += [(parent, base) for base in bases.get(commit.id, ()) for parent in commit.parents]
    found = _differences(mirror, dict.fromkeys(wanted))
    for commit in commits:
        yield commit, _own(commit, bases.get(commit.id, ()), found)


def _own(commit: Commit, bases: Iterable[str | None], found: dict[_Pair, frozenset[str]]) -> frozenset[str]:
    sides = [found[commit.id, parent] for parent in commit.parents or (None,)]
    if len(sides) != 2:
        # A merge of three and more answers for all that differs from any of them.
        return frozenset().union(*sides)
    own = sides[0] & sides[1]
    for here, parent in zip(sides, commit.parents, strict=True):
        # These are as on the other side. That is right if this side had not changed them.
        own |= {path for base in bases for path in here & found[parent, base]}
    return own


def _bases(mirror: Mirror, commit: Commit) -> tuple[str | None, ...]:
    """What both sides of a merge began from."""
    return tuple(mirror.ask(["merge-base", "--all", *commit.parents]).output.decode("ascii").split()) or (None,)


def _differences(mirror: Mirror, pairs: Iterable[_Pair]) -> dict[_Pair, frozenset[str]]:
    pairs = list(pairs)
    found = {pair: _all_paths(mirror, pair[0]) for pair in pairs if pair[1] is None}
    compared = [pair for pair in pairs if pair[1] is not None]
    asked = "".join(f"{new} {old}\n" for new, old in compared).encode()
    options = ("-r", "-z", "--raw", "--no-renames", "--always")
    tokens = iter(mirror.read("diff-tree", "--stdin", *options, stdin=asked).split(b"\0"))
    position, paths = -1, set[str]()
    for token in tokens:
        # A path is taken only after its own head, so no name can pass for the beginning of the next commit.
        if token.startswith(b":"):
            paths.add(_text(next(tokens)))
        else:
            if position >= 0:
                found[compared[position]] = frozenset(paths)
            position, paths = position + 1, set()
            if token and token.decode("ascii") != compared[position][0]:
                raise mirror.unreadable("git compares other commits than it was asked for")
    return found


def _all_paths(mirror: Mirror, commit: str) -> frozenset[str]:
    printed = mirror.read("ls-tree", "-r", "-z", "--name-only", "--full-tree", commit)
    return frozenset(_text(name) for name in printed.split(b"\0") if name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
