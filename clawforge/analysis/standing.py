"""What a subject is by the resources of an org: declared or not, in which groups and roles, and through what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from clawforge.effective import Source
from clawforge.load.pointer import escape
from clawforge.position import Positions
from clawforge.resolve.membership import Ground
from clawforge.resolve.org import OrgModel
from clawforge.resolve.provenance import located
from clawforge.resolve.subject import Subject
from clawforge.resource.group import Group
from clawforge.resource.meta import Resource, Strict
from clawforge.resource.role_binding import RoleBinding


class Belonging(Strict):
    """A group that a subject is in, or a role that it holds, through one key of one resource.

    `key` is `users`, `instances`, `claims`, `tags` or `groups`, or `enrolment` for a group that was given with the
    instance; `value` says by which user, claim and so on. A group may be there through several.
    """

    name: str
    key: str
    value: str = ""
    places: tuple[Source, ...] = ()


class SubjectStanding(Strict):
    """A subject as selectors see it. `user` is the declared name where there is one."""

    user: str
    declared: bool
    suspended: bool
    source: Source | None = None
    groups: tuple[Belonging, ...] = ()
    roles: tuple[Belonging, ...] = ()


def standing_of(
    org: OrgModel, resources: Iterable[Resource], subject: Subject, positions: Positions
) -> SubjectStanding:
    """`resources` are those of the org, in any order."""
    facts = org.facts(subject)
    by_address = {item.address: item for item in resources if isinstance(item, Group | RoleBinding)}
    address = f"User/{facts.user}"

    def belonging(ground: Ground) -> Belonging:
        places = tuple(located(place, positions) for place in _places(org, by_address, ground))
        return Belonging(name=ground.of, key=ground.key, value=ground.value, places=places)

    return SubjectStanding(
        user=facts.user,
        declared=facts.declared,
        suspended=facts.suspended,
        source=located(Source(resource=address), positions) if facts.declared else None,
        groups=tuple(map(belonging, org.membership.grounds_of_groups(subject))),
        roles=tuple(map(belonging, org.membership.grounds_of_roles(facts))),
    )


def _places(org: OrgModel, by_address: Mapping[str, Group | RoleBinding], ground: Ground) -> list[Source]:
    """Where the resource names the subject; a user may stand there by email."""
    resource = None if ground.resource is None else by_address.get(ground.resource)
    if resource is None:
        return []
    root = "/spec/members" if isinstance(resource, Group) else "/spec/subjects"
    written = resource.spec.members if isinstance(resource, Group) else resource.spec.subjects
    if ground.key == "tags":
        pointers = [f"{root}/tags/{escape(tag)}" for tag in sorted(getattr(written, "tags", {}))]
    else:
        name = org.membership.user_name if ground.key == "users" else str
        items: tuple[str, ...] = getattr(written, ground.key)
        pointers = [f"{root}/{ground.key}/{index}" for index, item in enumerate(items) if name(item) == ground.value]
    return [Source(resource=resource.address, pointer=pointer) for pointer in pointers]
