"""Invariant: what must hold for every subject, whatever the policies say, also for subjects who do not exist yet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from clawforge.resource.meta import Resource, SetItem, Strict, Text, as_set
from clawforge.resource.pattern import check_name_pattern
from clawforge.resource.policy import CommandPatterns, DomainPatterns, NamePatterns, PathGlobs
from clawforge.resource.policy_test import Params
from clawforge.resource.targeting import AppliesTo, Schedule

_TOOL_NAME = r"^(group:[a-z][a-z0-9_-]{0,63}|(?!group:)[A-Za-z0-9_][A-Za-z0-9_.:/@-]{0,254})$"


def _tool_name(text: str) -> str:
    check_name_pattern(text)
    if text.endswith("*"):
        raise ValueError(f"{text!r} is a prefix: name the tools that must be callable, or a group of them")
    return text


ToolNames = Annotated[
    tuple[Annotated[SetItem, AfterValidator(_tool_name)], ...],
    AfterValidator(as_set),
    Field(min_length=1, max_length=64),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": _TOOL_NAME},
            "minItems": 1,
            "maxItems": 64,
        }
    ),
]
"""Tools by name or by group, without `*`: somebody must be able to call each of them."""


class Bound(StrEnum):
    """allow: no such call may pass by itself; ask: nor may a person be asked to let it pass."""

    ALLOW = "allow"
    ASK = "ask"


class FileAccess(StrEnum):
    """What a tool does to the files that it is given."""

    READ = "read"
    WRITE = "write"


class OnViolation(StrEnum):
    """What happens when somebody comes to violate an invariant without any change of policy."""

    ALERT = "alert"
    QUARANTINE = "quarantine"


class Forbidden(Strict):
    """Calls that must not pass: of these tools and, where they are given, with such a command, path and host."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"access": ["paths"]}})

    tools: Annotated[NamePatterns, Field(min_length=1, max_length=256)]
    """The tools whose calls are meant."""
    commands: Annotated[CommandPatterns, Field(max_length=256)] = ()
    """Only calls that run a command which one of these describes."""
    paths: Annotated[PathGlobs, Field(max_length=256)] = ()
    """Only calls that touch a file which one of these means."""
    access: FileAccess | None = None
    """With `paths`: only tools that read files, or only tools that may write them; left out, both."""
    hosts: Annotated[DomainPatterns, Field(max_length=256)] = ()
    """Only calls that reach a host which one of these means."""
    effect: Bound = Bound.ALLOW
    """How far such a call may not get: `allow`, it may not pass by itself; `ask`, nor once a person approved it."""

    @model_validator(mode="after")
    def _access_is_to_paths(self) -> Forbidden:
        if self.access is not None and not self.paths:
            raise ValueError("`access` says what is done to `paths`: give them, or leave it out")
        return self


class Required(Strict):
    """Calls that must pass."""

    tools: ToolNames
    """The tools that must be callable, each of them."""
    params: Params | None = None
    """The parameters of the call; left out, it is enough that some call of the tool passes."""
    effect: Bound = Bound.ALLOW
    """How far the call must get: `allow`, it passes by itself; `ask`, it passes at least once a person approved it."""


class InvariantEnforcement(StrEnum):
    """Whether a violation refuses a change or is only shown."""

    ENFORCE = "enforce"
    WARN = "warn"


class InvariantSpec(Strict):
    """Exactly one of `forbid` and `require`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["forbid"]}, {"required": ["require"]}]})

    description: Text = ""
    """What must hold, in words."""
    applies_to: AppliesTo
    """For whom: `everyone`, or conditions of which every key must hold."""
    schedule: Schedule | None = None
    """When it must hold; left out, always."""
    forbid: Forbidden | None = None
    """Calls that nobody of them may get through."""
    require: Required | None = None
    """Calls that everybody of them must get through."""
    enforcement: InvariantEnforcement = InvariantEnforcement.ENFORCE
    """Whether a change that violates it is refused or only warned about."""
    on_violation: OnViolation = OnViolation.ALERT
    """What happens to an instance that comes to violate it without a change of policy, such as one that enrols."""

    @model_validator(mode="after")
    def _one_demand(self) -> InvariantSpec:
        if (self.forbid is None) == (self.require is None):
            raise ValueError("an invariant either forbids or requires: give exactly one of `forbid` and `require`")
        return self


class Invariant(Resource):
    """What must hold for everybody, proved whenever policies change."""

    kind: Literal["Invariant"] = "Invariant"
    spec: InvariantSpec
