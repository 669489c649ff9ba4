"""Whom a resource is for and when: the same `appliesTo`, `schedule` and `enforcement` on every targeted kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from clawforge.resource.cron import check_cron
from clawforge.resource.meta import Duration, Instant, NameSet, Strict, StringSet, SubjectSet, Zone

Everyone = Literal["everyone"]


class Enforcement(StrEnum):
    """Whether a match decides, or only records (and for `warn` also tells the person)."""

    ENFORCE = "enforce"
    WARN = "warn"
    OBSERVE = "observe"


def _names_somebody(schema: dict[str, Any]) -> None:
    """What `Match` refuses because it would match nobody, in JSON Schema."""
    for name, condition in schema["properties"].items():
        if name == "tags":
            condition["minProperties"] = condition["additionalProperties"]["minItems"] = 1
        elif condition.get("type") == "array":
            condition["minItems"] = 1
    schema["minProperties"] = 1
    if "except" in schema["properties"]:
        schema["if"] = {"required": ["except"]}
        schema["then"] = {"minProperties": 2}


class MachineMatch(Strict):
    """Conditions on a machine: or within a key, and across keys."""

    model_config = ConfigDict(json_schema_extra=_names_somebody)

    users: SubjectSet = ()
    """Users by name; one that no file declares may be named too."""
    groups: NameSet = ()
    """Members of one of these groups."""
    roles: NameSet = ()
    """Holders of one of these roles."""
    instances: SubjectSet = ()
    """Instances by name."""
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], StringSet] = {}
    """Instances that carry every one of these tags with one of its values."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        for field in self.model_fields_set:
            if field != "except_" and not getattr(self, field):
                raise ValueError(f"`{field}` is empty and would match nobody: name somebody, or leave the key out")
        if any(not values for values in self.tags.values()):
            raise ValueError("a tag without values would match nobody: give the values it may have")
        if not self.model_fields_set - {"except_"}:
            raise ValueError("the selector is empty: write `appliesTo: everyone` if everybody is meant")
        return self


class Match(MachineMatch):
    """Conditions on a subject: or within a key, and across keys."""

    contexts: NameSet = ()
    """Calls made in one of these contexts."""
    agents: SubjectSet = ()
    """Agents by the name that their host gives them."""


class Selector(Match):
    """Conditions, and an exception from them."""

    except_: Match | None = Field(default=None, alias="except")
    """Whoever matches this is left out."""


class MachineSelector(MachineMatch):
    """Conditions on machines, and an exception from them."""

    except_: MachineMatch | None = Field(default=None, alias="except")
    """Machines that match this are left out."""


AppliesTo = Everyone | Selector


class CronWindow(Strict):
    """Opens whenever the cron expression fires (wall-clock time of the zone) and stays open for `duration`."""

    cron: Annotated[str, StringConstraints(min_length=9, max_length=128)]
    """Five fields as in cron: minute, hour, day of the month, month, day of the week."""
    duration: Duration
    """How long the window stays open, in real elapsed time."""

    @model_validator(mode="after")
    def _fires(self) -> CronWindow:
        check_cron(self.cron)
        if self.duration <= 0:
            raise ValueError("a window needs a duration above zero")
        if self.duration > 366 * 86_400:
            raise ValueError("a window of more than a year is refused")
        return self


class SpanWindow(Strict):
    """Open from one moment until another; either side may be left open."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    from_: Instant | None = Field(default=None, alias="from")
    """The first moment of the window; left out, it has always been open."""
    until: Instant | None = None
    """The first moment after the window; left out, it never shuts."""

    @model_validator(mode="after")
    def _spans(self) -> SpanWindow:
        if self.from_ is None and self.until is None:
            raise ValueError("a window needs `from`, `until`, or `cron` with `duration`")
        if self.from_ is not None and self.until is not None and self.from_ >= self.until:
            raise ValueError("`until` must lie after `from`")
        return self


class Schedule(Strict):
    """When a resource applies: in any of its windows."""

    timezone: Zone = "UTC"
    """The IANA time zone whose wall-clock time `cron` means."""
    windows: Annotated[tuple[CronWindow | SpanWindow, ...], Field(min_length=1, max_length=64)]
    """When the resource applies: in any of these."""


class Targeted(Strict):
    """The targeting fields shared by the kinds that apply to subjects."""

    applies_to: AppliesTo
    """Whom it is for: `everyone`, or conditions of which every key must hold."""
    priority: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    """Decides between equally specific ones; the higher number wins."""
    schedule: Schedule | None = None
    """When it applies; left out, always."""
