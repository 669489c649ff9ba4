"""PolicyTest: calls and the decisions that they must get, run by `clawforge test`, in plan and by the server."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from clawforge.resource.meta import Instant, Name, NameSet, Resource, Strict, SubjectName, Text

MOST_CALLS = 1024
"""Calls that one PolicyTest may make, its lists of users and tools multiplied out."""

DEFAULT_MOMENT = dt.datetime(2026, 1, 5, 12, 0, tzinfo=dt.UTC)
"""When a case that names no time takes place: a Monday, noon UTC. Fixed, so that a test never depends on the clock."""


class Effect(StrEnum):
    """What happens to a call, from lax to strict."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


def _as_set(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(items)))


def _one_or_several(written: Any) -> str:
    return "several" if isinstance(written, list | tuple) else "one"


_ToolName = Annotated[str, StringConstraints(min_length=1, max_length=256)]
_Length = Field(min_length=1, max_length=64)
_Users = Annotated[tuple[SubjectName, ...], _Length, AfterValidator(_as_set)]
_Tools = Annotated[tuple[_ToolName, ...], _Length, AfterValidator(_as_set)]
OneOrSeveralUsers = Annotated[
    Annotated[SubjectName, Tag("one")] | Annotated[_Users, Tag("several")], Discriminator(_one_or_several)
]
OneOrSeveralTools = Annotated[
    Annotated[_ToolName, Tag("one")] | Annotated[_Tools, Tag("several")], Discriminator(_one_or_several)
]


class CaseSubject(Strict):
    """Who makes the call; with several users, each of them in turn. Groups and tags add to what the files declare;
    `at` defaults to a fixed moment of the run."""

    users: OneOrSeveralUsers = Field(alias="user")
    """The user, declared or not; of several, each makes the call."""
    instance: SubjectName | None = None
    """The instance that the user works on."""
    agent: SubjectName | None = None
    """The agent on the instance."""
    context: Name | None = None
    """The context that the call is made in."""
    groups: NameSet = ()
    """Groups given at enrolment, beside those that the files declare."""
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Text] = {}
    """Tags of the instance."""
    at: Instant | None = None
    """When the call is made; left out, one fixed moment for the whole run."""

    @property
    def user(self) -> str:
        """The user; of several the first. Cases of `PolicyTestSpec.cases` have one."""
        return self.users if isinstance(self.users, str) else self.users[0]


def _no_floats(params: dict[str, Any]) -> dict[str, Any]:
    from clawforge.canonical import canonical_bytes
    from clawforge.errors import InputError

    try:
        canonical_bytes(params)
    except InputError as error:
        raise ValueError(error.message) from error
    return params


Params = Annotated[dict[str, Any], AfterValidator(_no_floats)]
"""Parameters of a call, as JSON with whole numbers only."""


class Call(Strict):
    """A tool call; with several tools, one call of each."""

    tools: OneOrSeveralTools = Field(alias="tool")
    """The tool's name; of several, each is called."""
    params: Params = {}
    """The tool's parameters; numbers are whole."""

    @property
    def tool(self) -> str:
        """The tool; of several the first. Cases of `PolicyTestSpec.cases` have one."""
        return self.tools if isinstance(self.tools, str) else self.tools[0]


class Expectation(Strict):
    """The decision that must come out; `reason` is the code of any listed reason, `resource` its address. `params` are
    those that the call is made with, after what must not leave was cut out."""

    effect: Effect
    """What must happen to the call."""
    reason: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    """The code of a reason that must be listed."""
    resource: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    """The address of a resource that a reason must name."""
    params: Params | None = None
    """What the call must be made with, after what must not leave was cut out; left out, anything."""

    @model_validator(mode="after")
    def _a_denied_call_has_none(self) -> Expectation:
        if self.params is not None and self.effect is Effect.DENY:
            raise ValueError("`params` says what the call is made with: leave it out where the call is denied")
        return self


class TestCase(Strict):
    """One expected decision on a call, or on several calls that differ in user or tool."""

    __test__ = False

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """What the case shows, in words."""
    subject: CaseSubject
    """Who makes the call."""
    call: Call
    """The call."""
    expect: Expectation
    """The decision that must come out."""

    @property
    def count(self) -> int:
        """How many calls the case makes."""
        return len(_each(self.subject.users)) * len(_each(self.call.tools))

    def single(self) -> Iterator[TestCase]:
        """The case once for each user and tool, named after those that differ: `no shell [ada, exec]`."""
        if self.count == 1 and isinstance(self.subject.users, str) and isinstance(self.call.tools, str):
            yield self
            return
        for user, tool in product(_each(self.subject.users), _each(self.call.tools)):
            varied = [
                one
                for one, written in ((user, self.subject.users), (tool, self.call.tools))
                if not isinstance(written, str)
            ]
            yield self.model_copy(
                update={
                    "name": f"{self.name} [{', '.join(varied)}]",
                    "subject": self.subject.model_copy(update={"users": user}),
                    "call": self.call.model_copy(update={"tools": tool}),
                }
            )


def _each(written: str | tuple[str, ...]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else written


class PolicyTestSpec(Strict):
    """Cases run in order; each stands alone."""

    description: Text = ""
    """What the cases are about."""
    written: Annotated[tuple[TestCase, ...], Field(min_length=1, max_length=1024)] = Field(alias="cases")
    """The cases, in the order in which they are run."""

    @model_validator(mode="after")
    def _not_too_many(self) -> PolicyTestSpec:
        if sum(case.count for case in self.written) > MOST_CALLS:
            raise ValueError(f"`cases` make more than {MOST_CALLS:,} calls together: use a second PolicyTest")
        return self

    @property
    def cases(self) -> tuple[TestCase, ...]:
        """The cases with one user and one tool each."""
        return tuple(case for _, case in self.placed())

    def placed(self) -> Iterator[tuple[int, TestCase]]:
        """The same with the index of the written case that each comes from."""
        for index, case in enumerate(self.written):
            for one in case.single():
                yield index, one


class PolicyTest(Resource):
    """Cases with expected decisions."""

    kind: Literal["PolicyTest"] = "PolicyTest"
    spec: PolicyTestSpec
