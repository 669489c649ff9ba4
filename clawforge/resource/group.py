"""Group: people and instances, by list, by tag, or by a claim of the single sign-on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from clawforge.resource.meta import Resource, Strict, StringSet, SubjectSet, Text


class GroupMembers(Strict):
    """A subject belongs to the group when any of these holds."""

    users: SubjectSet = ()
    """Users by name."""
    instances: SubjectSet = ()
    """Instances by name."""
    tags: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], StringSet] = {}
    """Instances that carry every one of these tags with one of its values."""
    claims: StringSet = ()
    """Whoever signs in with one of these values in the claim that the org's `sso.groupsClaim` names."""


class GroupSpec(Strict):
    """Members of the group; `claims` are values of the SSO groups claim."""

    description: Text = ""
    """What the group is for."""
    members: GroupMembers = GroupMembers()
    """Who belongs to it."""


class Group(Resource):
    """A set of people and instances that policies name."""

    kind: Literal["Group"] = "Group"
    spec: GroupSpec = GroupSpec()
