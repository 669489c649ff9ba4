"""Invariant: what must hold for every subject, whatever the policies say, also for subjects who do not exist yet."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema, model_validator

from clawforge.resource.meta import Resource, SetItem, Strict, Text, as_set
from clawforge.resource.pattern import NAME_PATTERN_SPELLING, check_name_pattern
from clawforge.resource.policy import CommandPatterns, DomainPatterns, NamePatterns, PathGlobs
from clawforge.resource.policy_test import Params
from clawforge.resource.targeting import AppliesTo, Schedule

TOOL_NAME_SPELLING = r"^(group:[a-z][a-z0-9_-]{0,63}|(?!group:)[A-Za-z0-9_][A-Za-z0-9_.:/@-]{0,254})$"


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
            "items": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": TOOL_NAME_SPELLING},
            "minItems": 1,
            "maxItems": 64,
        }
    ),
]
"""Tools by name or by group, without `*`: somebody must be able to call each of them."""

ToolPatterns = Annotated[
    NamePatterns,
    Field(min_length=1),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": NAME_PATTERN_SPELLING},
            "minItems": 1,
        }
    ),
]
"""At least one pattern of tools."""

_ACCESS_TO_PATHS: dict[str, JsonValue] = {"required": ["paths"], "properties": {"paths": {"minItems": 1}}}


class Bound(StrEnum):
    """`allow`: by itself; `ask`: once a person agreed."""

    ALLOW = "allow"
    ASK = "ask"


class FileAccess(StrEnum):
    """What a tool does to the files that it is given."""

    READ = "read"
    WRITE = "write"


class OnViolation(StrEnum):
    """`alert`: a record in the audit log; `quarantine`: the machine denies every call as well, until it is released."""

    ALERT = "alert"
    QUARANTINE = "quarantine"


class Forbidden(Strict):
    """Calls that must not pass: of these tools and, where they are given, with such a command, path and host."""

    model_config = ConfigDict(json_schema_extra={"dependentSchemas": {"access": _ACCESS_TO_PATHS}})

    tools: ToolPatterns
    """The tools whose calls are meant."""
    commands: CommandPatterns = ()
    """Only calls that run a command which one of these describes."""
    paths: PathGlobs = ()
    """Only calls that touch a file which one of these means."""
    access: FileAccess | None = None
    """With `paths`: only tools that read files, or only tools that may write them; left out, both."""
    hosts: DomainPatterns = ()
    """Only calls that reach a host which one of these means."""
    effect: Bound = Bound.ALLOW
    """How such a call may not pass, or any more freely."""

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
    """How the call must pass, or more freely."""


class InvariantEnforcement(StrEnum):
    """`enforce` refuses the change; `warn` only shows what it does."""

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
    """What happens to a change with which it does not hold, or is not known to."""
    on_violation: OnViolation = OnViolation.ALERT
    """What happens when somebody does violate it, as a machine enrols, a person signs in, or a plan is applied."""

    @model_validator(mode="after")
    def _one_demand(self) -> InvariantSpec:
        if (self.forbid is None) == (self.require is None):
            raise ValueError("an invariant either forbids or requires: give exactly one of `forbid` and `require`")
        return self


class Invariant(Resource):
    """What must hold for everybody, proved whenever policies change."""

    kind: Literal["Invariant"] = "Invariant"
    spec: InvariantSpec
