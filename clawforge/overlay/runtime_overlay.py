"""What a bundle carries besides policies: elevations and temporary grants, as agents receive them (SPEC.md 5).

Both lift base policies and overlays for some tools of one person for a while, and nothing else: never a guardrail,
never a kill. They end by the agent's own clock, without the control plane. A kind of overlay that an agent does not
know makes it refuse the bundle, because it cannot know whether that one would narrow.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from clawforge.canonical import digest
from clawforge.resource.elevation_policy import LONGEST_ELEVATION
from clawforge.resource.meta import Instant, Name, Reason, Strict, StringSet, SubjectName, SubjectSet, Text

MOST_OVERLAYS = 64
"""How many a bundle carries at most."""

OverlayId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]


class Lifting(Strict):
    """What elevations and temporary grants share. It counts from `from` until, and without, `until`."""

    id: OverlayId
    """The name that the audit log uses."""
    grant: Name
    """The grant of an ElevationPolicy that bounds it."""
    user: SubjectName
    """Whose calls it lifts; on an instance of somebody else it counts for nothing."""
    tools: Annotated[StringSet, Field(min_length=1)]
    """The tools that it lifts: patterns as in an effective policy."""
    never: StringSet = ()
    """Tools that it does not lift, though `tools` means them."""
    agents: SubjectSet = ()
    """The agents through which it counts; none named, all."""
    context: Name | None = None
    """The context in which it counts; None, in all."""
    from_: Instant = Field(alias="from")
    until: Instant
    reason: Reason
    """Why it was asked for or given."""
    ticket: Text | None = None
    approved_by: tuple[SubjectName, ...] = ()
    """Who approved it, or gave it."""

    @model_validator(mode="after")
    def _lasts(self) -> Lifting:
        if self.until <= self.from_:
            raise ValueError("it must end after it begins")
        if self.until - self.from_ > dt.timedelta(seconds=LONGEST_ELEVATION):
            raise ValueError("it lasts longer than anything may be lifted for")
        return self


class Elevation(Lifting):
    """Asked for by the person whom it is for, and approved by others as the policy of the grant demands."""

    kind: Literal["elevation"] = "elevation"


class TemporaryGrant(Lifting):
    """Given to a person by somebody else who may, within the same bounds."""

    kind: Literal["grant"] = "grant"


RuntimeOverlay = Annotated[Elevation | TemporaryGrant, Field(discriminator="kind")]


def overlay_json(overlay: Elevation | TemporaryGrant) -> dict[str, Any]:
    """The overlay as it is signed; absent optional values are left out."""
    return overlay.model_dump(mode="json", by_alias=True, exclude_none=True)


def in_order(overlays: Sequence[Elevation | TemporaryGrant]) -> tuple[Elevation | TemporaryGrant, ...]:
    """By beginning and id: the same serial must never carry other content."""
    return tuple(sorted(overlays, key=lambda overlay: (overlay.from_, overlay.id)))


def overlays_digest(overlays: Sequence[Elevation | TemporaryGrant]) -> str:
    """Digest of the runtime overlays that a bundle lists, in their order."""
    return digest([overlay_json(overlay) for overlay in overlays])
