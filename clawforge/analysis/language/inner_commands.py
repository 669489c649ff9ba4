"""What the parser makes of the beginning of a command whose program it knows: what is hidden, and where a command
within it starts.

The rules for `sudo`, `timeout`, `find -exec` and their like are the parser's alone. They are asked by putting words
behind the beginning and looking at what it finds, so that beginnings after which it finds the same count as one.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from clawforge.analysis.language.budget import Budget
from clawforge.decide.shell import SimpleCommand, parse_command
from clawforge.decide.shell_program import is_known

WRAPPERS = ("sudo", "env", "timeout", "find", "xargs", "flock")
"""Programs of every way in which words lead to a command within."""
WORDS = ("x", "-x", "a=b", "--", "-exec", "-c", ";", "--help")
"""Words of every way in which a wrapper may take them."""

_PROBES: tuple[tuple[str, ...], ...] = (
    ("w1",),
    ("--w", "w1"),
    ("a=w", "w1"),
    ("w1", "w2"),
    ("w1 w2",),
    ("-c", "w1 w2"),
    ("-exec", "w1"),
    (";", "w1"),
    ("--help",),
)
_STARTS, _TEXT = (("w1",), ("w1",)), (("w1 w2",), ("w1", "w2"))
"""What is found if a command starts right here, and if a word would be read as a command line."""
_INPUTS = ("/dev/", "/proc/")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+:@%,-]*")
_OPERAND = re.compile(r"\.?(?:$|/?[A-Za-z0-9])[^=]*$")
"""A directory that makes no word an option or an assignment."""
_STEPS = 500
"""What one look at the parser counts."""


@dataclass(frozen=True, slots=True)
class InnerView:
    """After some words: `key` is equal if the parser goes on alike."""

    key: Hashable
    starts: bool = field(compare=False)
    """Whether the next word may be the program of a command within: if it is no option."""
    begins: bool = field(compare=False)
    """Whether the last word is the program of a command within."""
    reads_text: bool = field(compare=False)
    """Whether the next word may be a command line of its own."""
    ends: bool = field(compare=False)
    """Whether with the last word a command within is complete, to which no more words belong."""

    @property
    def is_hidden(self) -> bool:
        """Whether nobody can say what runs, whatever words follow."""
        return self is _HIDDEN


_HIDDEN = InnerView("hidden", starts=False, begins=False, reads_text=False, ends=False)
"""Whatever follows, nobody can say what runs."""


def sort_of(word: str) -> str:
    """Equal for words between which the parser makes no difference."""
    directory, slash, name = word.rpartition("/")
    if word.startswith(_INPUTS) or not _PLAIN.fullmatch(name) or is_known(name):
        return word
    return "w" if not slash or _OPERAND.match(directory) else f"{directory}/w"


class InnerViews:
    """Asks the parser, once for each sort of word after each view."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._views: dict[tuple[InnerView | None, str], InnerView] = {}

    def view(self, before: InnerView | None, words: Sequence[str]) -> InnerView | None:
        """What is seen after the last of `words`, where `before` was seen before it. None if nothing is known about the
        program, whatever its arguments are. Raises TooComplexError.
        """
        if before is None and (len(words) > 1 or not is_known(words[0].rpartition("/")[2])):
            return None
        key = (before, sort_of(words[-1]))
        found = self._views.get(key)
        if found is None:
            self._budget.spend(_STEPS)
            found = self._views[key] = _look(tuple(sort_of(word) for word in words))
        return found


def ended_commands(words: Sequence[str]) -> list[SimpleCommand]:
    """The commands within to which no more words belong."""
    now, later = parse_command(words).inner, parse_command((*words, "w1")).inner
    return [command for command in now if command in later]


def _look(words: tuple[str, ...]) -> InnerView:
    own = parse_command(words)
    seen: list[tuple[bool, frozenset[tuple[str, ...]]]] = [(bool(own.opaque), frozenset())]
    found: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for probe in _PROBES:
        parsed = parse_command((*words, *probe))
        split = tuple(" ".join(probe).split())
        ends = {*(probe[at:] for at in range(len(probe))), *(split[at:] for at in range(len(split)))}
        begun = frozenset(ends.intersection((one.program, *one.arguments) for one in parsed.inner))
        seen.append((bool(parsed.opaque), begun))
        found.update((probe, command) for command in begun)
    if all(opaque for opaque, _ in seen):
        return _HIDDEN
    return InnerView(
        key=tuple(seen),
        starts=_STARTS in found,
        begins=SimpleCommand.of(words[-1:]) in own.inner,
        reads_text=_TEXT in found,
        ends=bool(own.inner) and _ends(words),
    )


def _ends(words: tuple[str, ...]) -> bool:
    return len(ended_commands(words)) > (len(ended_commands(words[:-1])) if len(words) > 1 else 0)
