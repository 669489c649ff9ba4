"""PolicyTest: calls and the decisions that they must get, run by `clawforge test`, in plan and by the server."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from clawforge.resource.meta import Instant, Name, NameSet, Resource, Strict, SubjectName, Text


class Effect(StrEnum):
    """What happens to a call, from lax to strict."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class CaseSubject(Strict):
    """Who makes the call. Groups and tags add to what the files declare; `at` defaults to a fixed moment of the run."""

    user: SubjectName
    instance: SubjectName | None = None
    agent: SubjectName | None = None
    context: Name | None = None
    groups: NameSet = ()
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Text] = {}
    at: Instant | None = None


def _no_floats(params: dict[str, Any]) -> dict[str, Any]:
    from clawforge.canonical import canonical_bytes
    from clawforge.errors import InputError

    try:
        canonical_bytes(params)
    except InputError as error:
        raise ValueError(error.message) from error
    return params


class Call(Strict):
    """A tool call."""

    tool: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    params: Annotated[dict[str, Any], AfterValidator(_no_floats)] = {}


class Expectation(Strict):
    """The decision that must come out; `reason` is the code of any listed reason, `resource` its address."""

    effect: Effect
    reason: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    resource: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None


class TestCase(Strict):
    """One subject, one call, one expected decision."""

    __test__ = False

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    subject: CaseSubject
    call: Call
    expect: Expectation


class PolicyTestSpec(Strict):
    """Cases run in order; each stands alone."""

    description: Text = ""
    cases: Annotated[tuple[TestCase, ...], Field(min_length=1, max_length=1024)]


class PolicyTest(Resource):
    """Cases with expected decisions."""

    kind: Literal["PolicyTest"] = "PolicyTest"
    spec: PolicyTestSpec
