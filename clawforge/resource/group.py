"""Group: people and instances, by list, by tag, or by a claim of the single sign-on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from clawforge.resource.meta import Resource, Strict, StringSet, SubjectSet, Text


class GroupMembers(Strict):
    """A subject belongs to the group when any of these holds."""

    users: SubjectSet = ()
    instances: SubjectSet = ()
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], StringSet] = {}
    claims: StringSet = ()


class GroupSpec(Strict):
    """Members of the group; `claims` are values of the SSO groups claim."""

    description: Text = ""
    members: GroupMembers = GroupMembers()


class Group(Resource):
    """A set of people and instances that policies name."""

    kind: Literal["Group"] = "Group"
    spec: GroupSpec = GroupSpec()
