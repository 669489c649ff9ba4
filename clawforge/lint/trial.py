"""Whether something that only observes or warns says how long it will."""

from __future__ import annotations

from clawforge.resource.meta import Metadata
from clawforge.resource.targeting import Schedule, SpanWindow

_ANNOTATIONS = frozenset({"until", "expires", "review", "review-by", "decide-by"})


def has_end(metadata: Metadata, schedule: Schedule | None) -> bool:
    """By an annotation, whatever its prefix, or by a schedule all of whose windows close for good."""
    for key, text in metadata.annotations.items():
        if key.rpartition("/")[2].lower() in _ANNOTATIONS and text.strip():
            return True
    return schedule is not None and all(
        isinstance(window, SpanWindow) and window.until is not None for window in schedule.windows
    )
