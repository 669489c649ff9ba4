"""What a purge says about itself: which payloads it took, class by class, so that a verifier can tell a purge from a
theft."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, ValidationError

from clawforge.resource.meta import Instant, Strict

PURGE_CLASS = "purge"
"""The class of the records of purges; their own payloads are never purged."""
PURGE_ACTION = "audit:purge"
MOST_RANGES = 1_000


class PurgedRange(Strict):
    """Every record of the class from `first` to `last`, both included, lost its payload: `records` of them."""

    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    records: Annotated[int, Field(ge=1)]


class PurgedClass(Strict):
    """What was older than `before`, and not held."""

    before: Instant
    records: int
    ranges: Annotated[tuple[PurgedRange, ...], Field(max_length=MOST_RANGES)]


class PurgeStatement(Strict):
    """The `detail` of a purge's record: by class. `held` counts records that a legal hold kept."""

    classes: dict[str, PurgedClass]
    held: int = 0
    reason: str = ""


def read_purge(detail: dict[str, Any]) -> PurgeStatement | None:
    """The statement in the detail of a record; None if it is none."""
    import orjson

    try:
        return PurgeStatement.model_validate_json(orjson.dumps(detail), strict=True)
    except (ValidationError, TypeError):
        return None
