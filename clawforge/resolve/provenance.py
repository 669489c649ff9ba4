"""From JSON pointers to lines: where in the files the values of a policy were decided."""

from __future__ import annotations

from clawforge.effective import Provenance, Source
from clawforge.position import Positions


def locate(provenance: Provenance, positions: Positions) -> dict[str, tuple[Source, ...]]:
    """The same provenance with file and line filled in for every resource that has a position."""
    return {key: tuple(located(place, positions) for place in places) for key, places in provenance.items()}


def located(place: Source, positions: Positions) -> Source:
    """The same place with file and line, where its resource has a position."""
    position = positions.get(place.resource)
    if position is None:
        return place
    return Source(
        resource=place.resource,
        pointer=place.pointer,
        file=position.file,
        line=position.line_of(place.pointer),
    )
