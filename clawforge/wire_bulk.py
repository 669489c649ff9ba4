"""The HTTP documents of what is done to many instances at once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from clawforge.message import MessageText
from clawforge.resource.meta import Reason, Strict, SubjectName

MOST_INSTANCES = 1_000
"""Instances that one request may name."""

Names = Annotated[tuple[SubjectName, ...], Field(min_length=1, max_length=MOST_INSTANCES)]


class BulkRevocation(Strict):
    """Instances by name, never by a selector: what is put out is what somebody looked at."""

    instances: Names
    reason: Reason


class BulkRefresh(Strict):
    """Instances that should ask for their policy and report now."""

    instances: Names


TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\s=,\x00-\x1f\x7f]+$")]
TagValue = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")]


class BulkTags(Strict):
    """Instances that should carry other tags: `set` gives or replaces, `remove` takes away."""

    instances: Names
    set: Annotated[dict[TagKey, TagValue], Field(max_length=64)] = {}
    remove: Annotated[tuple[TagKey, ...], Field(max_length=64)] = ()
    reason: Reason | None = None

    @model_validator(mode="after")
    def _says_something(self) -> BulkTags:
        both = self.set.keys() & set(self.remove)
        if both:
            raise ValueError(f"the tag {sorted(both)[0]!r} is set and removed")
        if not self.set and not self.remove:
            raise ValueError("no tag is set or removed")
        return self


class BulkMessage(Strict):
    """Instances whose people should be told something, and what."""

    instances: Names
    text: MessageText


class BulkResult(Strict):
    """What came of one instance; `code` and `detail` say why nothing did."""

    instance: str
    outcome: Literal["done", "failed"]
    code: str | None = None
    detail: str | None = None


class BulkAnswer(Strict):
    """One result for each instance, in the order of the request."""

    results: tuple[BulkResult, ...]

    @property
    def failed(self) -> tuple[BulkResult, ...]:
        """Those of which nothing came."""
        return tuple(item for item in self.results if item.outcome == "failed")
