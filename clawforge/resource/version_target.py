"""VersionTarget: which versions of host, plugin and runtime are in order, and what happens to the others."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints, model_validator

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

    range: Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_range)] | None = None
    denied: StringSet = ()

    @model_validator(mode="after")
    def _says_something(self) -> ComponentTarget:
        if self.range is None and not self.denied:
            raise ValueError("a component needs `range` or `denied`")
        return self


class Components(Strict):
    """What is versioned: the agent host, our plugin in it, and the runtime below it."""

    host: ComponentTarget | None = None
    plugin: ComponentTarget | None = None
    runtime: ComponentTarget | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Components:
        if self.host is None and self.plugin is None and self.runtime is None:
            raise ValueError("name at least one of host, plugin and runtime")
        return self


class VersionTargetSpec(Targeted):
    """Blocking begins at `deadline`; `grace` counts from the moment an instance was first seen out of range."""

    components: Components
    grace: Duration = 0
    deadline: Instant | None = None
    enforcement: VersionEnforcement = VersionEnforcement.WARN
    message: Text = ""


class VersionTarget(Resource):
    """Versions that are in order."""

    kind: Literal["VersionTarget"] = "VersionTarget"
    spec: VersionTargetSpec
