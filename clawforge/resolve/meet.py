"""How the values of a field meet: one function a merge rule (SPEC.md 3).

Every rule gets the same thing, the voices that speak about a policy in order of authority, and answers the
value that holds with the places that decided it. What a rule answers never depends on the order of voices,
except which place is named first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from clawforge.resolve.field import PolicyField
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.statement import Sources, Statement, Statements, common, unite
from clawforge.resource.merge import MergeRule
from clawforge.resource.policy import ExecMode


class Standing(IntEnum):
    """By authority: nothing lifts a guardrail; a default speaks only where a base is silent."""

    GUARDRAIL = 0
    OVERLAY = 1
    BASE = 2
    DEFAULT = 3


@dataclass(frozen=True, slots=True)
class Voice:
    """One policy among those that match, or the defaults. `rank` is how specifically it matches; `speaker` is the
    address of the policy, empty for what no policy says."""

    standing: Standing
    statements: Statements
    rank: tuple[int, int] = (-1, -1)
    speaker: str = ""

    def says(self, path: str) -> Statement | None:
        """What it says about a field."""
        return self.statements.get(path)


Voices = Sequence[Voice]
"""Guardrails, overlays, bases, defaults; within each the most specific first."""


def meet(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    """The value that holds; None where nobody says anything, not even a default."""
    return _RULES[field.merge.rule](field, voices, lexicon)


def meet_by_step(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Iterator[tuple[Voice, Statement | None]]:
    """Each voice that has a say about the field, with the value that holds once it has spoken: the defaults first, then
    bases, overlays and guardrails, within each the most specific first. The last value is what `meet` answers.
    """
    order = sorted(range(len(voices)), key=lambda index: -voices[index].standing)
    for count, index in enumerate(order, start=1):
        # A mode without a list of its own has a say about the list (see `_every_list`).
        if voices[index].says(field.path) is None and voices[index].says(field.beside("mode")) is None:
            continue
        yield voices[index], meet(field, [voices[spoken] for spoken in sorted(order[:count])], lexicon)


def _statements(field: PolicyField, voices: Voices) -> list[Statement]:
    return [said for voice in voices if (said := voice.says(field.path)) is not None]


def _union(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    given = _statements(field, voices)
    return unite(lexicon, field.merge.of, given) if given else None


def _intersect(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    given = [said for said in _statements(field, voices) if said.value is not None]
    return common(lexicon, field.merge.of, given) if given else None


def _strictest(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    given = _statements(field, voices)
    return _agreed(given, max(given, key=lambda said: field.merge.order.index(said.value))) if given else None


def _minimum(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    given = _statements(field, voices)
    return _agreed(given, min(given, key=lambda said: said.value)) if given else None


def _or(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    given = _statements(field, voices)
    return _agreed(given, max(given, key=lambda said: said.value)) if given else None


def _most_specific(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    """Of equally specific ones the guardrail before the overlay before the base: `max` keeps the first."""
    speaking = [(voice.rank, said) for voice in voices if (said := voice.says(field.path)) is not None]
    return max(speaking, key=lambda pair: pair[0])[1] if speaking else None


def _agreed(given: Sequence[Statement], winner: Statement) -> Statement:
    """The winning value, with the place of everybody who says the same: removing one of them would change
    nothing."""
    sources = tuple(place for said in given if said.value == winner.value for place in said.sources)
    return Statement(winner.value, sources)


def _every_list(field: PolicyField, voices: Voices, lexicon: Lexicon) -> Statement | None:
    """All lists side by side: what passes must match every one.

    A policy whose own mode judges commands by a list (ask, allowlist) but which has none means that nothing
    passes by itself. That is an empty list. It has to be kept: without it, the first overlay that brings a
    list would let commands pass that were refused before, and an overlay must never enlarge. The one
    exception is an overlay or guardrail that only switches the mode over a base that has a list: it means
    that list.
    """
    starts = [voice.says(field.path) for voice in voices if voice.standing is Standing.BASE]
    # Of several bases that tie all need a list: the overlay lets nothing pass over the one that has none.
    base_has_list = bool(starts) and None not in starts
    lists: dict[tuple[str, ...], Sources] = {}
    members: dict[str, Sources] = {}
    for voice in voices:
        said = voice.says(field.path)
        if said is not None:
            lists[said.value] = (*lists.get(said.value, ()), *said.sources)
            for member, places in (said.members or {}).items():
                members[member] = (*members.get(member, ()), *places)
            continue
        mode = voice.says(field.beside("mode"))
        judges_by_list = mode is not None and mode.value in (ExecMode.ASK, ExecMode.ALLOWLIST)
        if mode is not None and judges_by_list and (voice.standing is Standing.BASE or not base_has_list):
            lists[()] = (*lists.get((), ()), *mode.sources)
    if not lists:
        return None
    sources = tuple(place for places in lists.values() for place in places)
    return Statement(tuple(sorted(lists)), sources, members)


_RULES: Mapping[MergeRule, Callable[[PolicyField, Voices, Lexicon], Statement | None]] = {
    MergeRule.UNION: _union,
    MergeRule.INTERSECT: _intersect,
    MergeRule.STRICTEST: _strictest,
    MergeRule.MIN: _minimum,
    MergeRule.OR: _or,
    MergeRule.MOST_SPECIFIC: _most_specific,
    MergeRule.EVERY_LIST: _every_list,
}
