"""The subject who is judged: a person, on an instance, through an agent, in a context."""

from __future__ import annotations

from pydantic import Field

from clawforge.resource.meta import Strict


class Subject(Strict):
    """Facts about a subject. `groups` and `tags` are those given at enrolment; declared membership is added
    by the resolver. `claims` are values of the SSO groups claim."""

    user: str
    instance: str | None = None
    agent: str | None = None
    context: str | None = None
    groups: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    claims: tuple[str, ...] = ()
