"""Waiver: a lint finding that is accepted for a while, with who said so and why."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Day, Instant, Name, Reason, Resource, Strict, SubjectName

Expiry = Annotated[Instant | Day, Field(union_mode="left_to_right")]
"""A moment, or a day that still counts to its end in UTC."""

ResourceAddress = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]{0,63}/[a-z0-9][a-z0-9-]{0,62}$")]


class WaiverSpec(Strict):
    """Which findings: those of one rule (its id, or the code of a finding) about one resource, at `pointer` and below
    if it is given (a JSON pointer into the resource; indexes count in the sorted list).
    """

    rule: Name
    """The lint rule's id, or the code of a finding."""
    resource: ResourceAddress
    """The address of the resource that the finding is about."""
    pointer: Annotated[str, StringConstraints(pattern=r"^(/[^/]*)*$", max_length=1024)] | None = None
    """Only findings at this place of the resource and below it: a JSON pointer; left out, all of them."""
    reason: Reason
    """Why the finding is accepted."""
    expires: Expiry
    """A moment, or a day that still counts to its end in UTC."""
    approved_by: SubjectName | None = None
    """Who accepted it."""

    @property
    def ends(self) -> dt.datetime:
        """The first moment at which it no longer counts."""
        return end_of(self.expires)


class Waiver(Resource):
    """Accepts findings of lint that do not refuse a project, until it expires."""

    kind: Literal["Waiver"] = "Waiver"
    spec: WaiverSpec


def end_of(expiry: dt.datetime | dt.date) -> dt.datetime:
    """The first moment after a day, or the moment itself. The last day that can be written ends a day early."""
    if isinstance(expiry, dt.datetime):
        return expiry
    midnight = dt.datetime.combine(expiry, dt.time(), dt.UTC)
    return midnight if expiry == dt.date.max else midnight + dt.timedelta(days=1)
