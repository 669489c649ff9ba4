"""VersionTarget: which versions of host, plugin and runtime are in order, and what happens to the others."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, StringConstraints, model_validator

from clawforge.resource.meta import Duration, Instant, Resource, Strict, StringSet, Text
from clawforge.resource.targeting import Targeted
from clawforge.version_range import check_range


class VersionEnforcement(StrEnum):
    """From lax to strict."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


def _range(text: str) -> str:
    check_range(text)
    return text


class ComponentTarget(Strict):
    """Versions of one component: a range such as `>=2026.9.1 <2027`, and single versions that are refused."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["range"]}, {"required": ["denied"], "properties": {"denied": {"minItems": 1}}}]
        }
    )

    range: Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_range)] | None = None
    """Comparisons that must all hold, such as `>=2026.9.1 <2027 !=2026.9.3`."""
    denied: StringSet = ()
    """Single versions that are not in order, whatever the range says."""

    @model_validator(mode="after")
    def _says_something(self) -> ComponentTarget:
        if self.range is None and not self.denied:
            raise ValueError("a component needs `range` or `denied`")
        return self


class Components(Strict):
    """What is versioned: the agent host, our plugin in it, and the runtime below it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    host: ComponentTarget | None = None
    """The agent host."""
    plugin: ComponentTarget | None = None
    """The plugin of clawforge in the host."""
    runtime: ComponentTarget | None = None
    """The language runtime below the host."""

    @model_validator(mode="after")
    def _says_something(self) -> Components:
        if self.host is None and self.plugin is None and self.runtime is None:
            raise ValueError("name at least one of host, plugin and runtime")
        return self


class VersionTargetSpec(Targeted):
    """Blocking begins at `deadline`; `grace` counts from the moment an instance was first seen out of range."""

    components: Components
    """The versions that are in order."""
    grace: Duration = 0
    """The time that an instance has left, from when it was first seen out of range."""
    deadline: Instant | None = None
    """The moment at which nobody has time left; without `deadline` and `grace`, blocking begins at once."""
    enforcement: VersionEnforcement = VersionEnforcement.WARN
    """What happens to an instance that is out of range."""
    message: Text = ""
    """What its user reads."""


class VersionTarget(Resource):
    """Versions that are in order."""

    kind: Literal["VersionTarget"] = "VersionTarget"
    spec: VersionTargetSpec
