"""Parameters without what was found in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from clawforge.decide.dlp.scan_params import DEFAULT_LIMITS, ParamMatch, escaped, scannable_text

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue


def redact(params: JsonValue, matches: Sequence[ParamMatch]) -> JsonValue:
    """A copy of the parameters with `[REDACTED:<detector>]` for every finding; the input is not touched.

    Overlapping findings become one, naming each detector once, sorted, with commas between. A number with a
    finding becomes text. If two names of one object become the same, the later ones get ` (2)`, ` (3)` and
    so on.

    One pass: a pattern that matches the replacement itself still matches afterwards. Raises ValueError for a
    finding that does not fit these parameters, and for parameters deeper than a scan goes, so that no finding
    is ever passed over in silence.
    """
    places: dict[tuple[str, bool], list[ParamMatch]] = {}
    for match in matches:
        places.setdefault((match.pointer, match.in_name), []).append(match)
    copy = _redacted(params, "", places, DEFAULT_LIMITS.depth)
    if places:
        pointer, _ = min(places)
        raise ValueError(f"a finding points to {pointer!r}, which the parameters do not have")
    return copy


def redact_text(text: str, matches: Sequence[ParamMatch]) -> str:
    """One text with every span of the findings replaced. Raises ValueError for a span outside of it."""
    pieces: list[str] = []
    done = 0
    for start, end, detectors in _merged(matches):
        if not 0 <= start < end <= len(text):
            raise ValueError(f"a finding spans {start} to {end} of a text of {len(text)} characters")
        pieces.append(f"{text[done:start]}[REDACTED:{','.join(sorted(detectors))}]")
        done = end
    return "".join(pieces) + text[done:]


def _merged(matches: Sequence[ParamMatch]) -> list[tuple[int, int, set[str]]]:
    spans: list[tuple[int, int, set[str]]] = []
    for match in sorted(matches, key=lambda match: (match.start, match.end)):
        if spans and match.start < spans[-1][1]:
            start, end, detectors = spans[-1]
            spans[-1] = (start, max(end, match.end), detectors | {match.detector})
        else:
            spans.append((match.start, match.end, {match.detector}))
    return spans


def _redacted(
    value: JsonValue, pointer: str, places: dict[tuple[str, bool], list[ParamMatch]], depth: int
) -> JsonValue:
    """Consumes the places that it redacts, so that what is left over fits nowhere."""
    if isinstance(value, dict | list):
        if depth == 0:
            raise ValueError(f"the parameters are nested too deeply to be redacted at {pointer!r}")
        if isinstance(value, list):
            return [_redacted(item, f"{pointer}/{index}", places, depth - 1) for index, item in enumerate(value)]
        return _redacted_object(value, pointer, places, depth - 1)
    found = places.pop((pointer, False), None)
    if found is None:
        return value
    text = None if value is None or isinstance(value, bool) else scannable_text(value)
    return redact_text(text or "", found)


def _redacted_object(
    value: dict[str, JsonValue], pointer: str, places: dict[tuple[str, bool], list[ParamMatch]], depth: int
) -> dict[str, JsonValue]:
    taken = {name for name in value if (f"{pointer}/{escaped(name)}", True) not in places}
    numbers: dict[str, int] = {}
    copy: dict[str, JsonValue] = {}
    for name, member in value.items():
        place = f"{pointer}/{escaped(name)}"
        found = places.pop((place, True), None)
        new_name = name if found is None else _free_name(redact_text(name, found), taken, numbers)
        copy[new_name] = _redacted(member, place, places, depth)
    return copy


def _free_name(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """Takes the name, or the first numbered form of it that is free; `numbers` remembers how far it got."""
    candidate = name
    while candidate in taken:
        numbers[name] = numbers.get(name, 1) + 1
        candidate = f"{name} ({numbers[name]})"
    taken.add(candidate)
    return candidate
