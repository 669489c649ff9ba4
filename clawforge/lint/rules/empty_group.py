"""A group in which nobody is."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.group import Group, GroupMembers

_NOBODY = GroupMembers()


def _check(context: LintContext) -> Iterable[Finding]:
    for group in context.each(Group):
        name, members = group.metadata.name, group.spec.members
        if members == _NOBODY:
            yield Finding(
                "empty-group",
                group.address,
                "/metadata/name",
                f"The group `{name}` has no members here: only an enrolment token could put machines into it.",
                "Name users, instances, tags or claims under `spec.members`, or remove the group.",
                Severity.NOTE,
            )
        for tag, values in members.tags.items():
            if not values:
                place = tag.replace("~", "~0").replace("/", "~1")
                yield Finding(
                    "empty-group",
                    group.address,
                    f"/spec/members/tags/{place}",
                    f"No value of the tag is named, so no machine becomes a member of `{name}` by its tags.",
                    "Write the values that the tag may have.",
                    Severity.WARNING,
                )


RULE = Rule(
    id="empty-group",
    name="Groups should have members",
    severity=Severity.WARNING,
    what="Groups that name no users, instances, tags or claims (a note, since enrolment tokens may name the group), "
    "and tags of members without any value.",
    why="What is written for the group holds for nobody. Often the members were meant to be in it and were forgotten.",
    bad="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
spec: {description: Writes and ships the product.}
""",
    good="""\
apiVersion: clawforge/v1
kind: Group
metadata: {name: engineering}
spec:
  description: Writes and ships the product.
  members: {claims: [engineering]}
""",
    check=_check,
)
