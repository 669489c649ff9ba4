"""Whether something that only observes or warns says how long it will."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.resource.meta import Metadata
from clawforge.resource.targeting import Schedule, SpanWindow

_ANNOTATIONS = frozenset({"until", "expires", "review", "review-by", "decide-by"})


def has_end(metadata: Metadata, schedule: Schedule | None) -> bool:
    """By an annotation, whatever its prefix, or by a schedule all of whose windows close for good."""
    if any(True for _ in ends_in_words(metadata)):
        return True
    return schedule is not None and all(
        isinstance(window, SpanWindow) and window.until is not None for window in schedule.windows
    )


def ends_in_words(metadata: Metadata) -> Iterator[tuple[str, str]]:
    """The annotations that say when it ends: keys as written, and what they say, whether or not that is a date."""
    for key, text in metadata.annotations.items():
        if key.rpartition("/")[2].lower() in _ANNOTATIONS and text.strip():
            yield key, text
