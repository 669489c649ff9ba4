"""References between resources: everything that is named must exist, be unambiguous and lead nowhere in circles.

Works on resources alone, so the server checks posted ones with it as the command line checks files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.load.problem_list import shown
from clawforge.reference import Reference, references_of
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.role import BUILT_IN_ROLES, Role
from clawforge.resource.user import User
from clawforge.spelling import KnownNames

_MOST_CYCLES = 100
_MOST_SHOWN = 10
_ROLE_HINT = "Built-in roles: " + ", ".join(BUILT_IN_ROLES) + "."


def check_references(
    resources: Sequence[Resource],
    *,
    org: str | None = None,
    instances: Collection[str] | None = None,
    unusable: Collection[str] = frozenset(),
) -> list[Finding]:
    """Everything that is wrong between resources, sorted.

    `org` is the org that the resources must be for, where it is known. `instances` are those that the server knows;
    without them undeclared instances are not mentioned. `unusable` holds addresses of resources that exist but have
    problems of their own (`*/name` where the kind is not known): references to them are not reported.
    """
    ordered = sorted(resources, key=lambda resource: resource.address)
    findings = [
        *_duplicates(ordered),
        *_organizations(ordered, org),
        *_emails(ordered),
        *_built_in_roles(ordered),
        *_unresolved(ordered, instances, unusable),
        *islice(_extends_cycles(ordered), _MOST_CYCLES),
    ]
    return sorted(findings, key=lambda finding: finding.sort_key)


def _duplicates(resources: Iterable[Resource]) -> Iterator[Finding]:
    seen: set[str] = set()
    for resource in resources:
        if resource.address in seen:
            message = f"{resource.address} is declared more than once."
            yield Finding("duplicate-resource", resource.address, "/metadata/name", message, "Rename one of them.")
        seen.add(resource.address)


def _organizations(resources: Sequence[Resource], org: str | None) -> Iterator[Finding]:
    found = [resource for resource in resources if isinstance(resource, Organization)]
    for resource in found[1:]:
        message = f"There is more than one Organization; {found[0].address} is the first."
        hint = "Keep one: a project speaks for one org."
        address = resource.address
        yield Finding("several-organizations", address, "", message, hint, related=(found[0].address,))
    for resource in found:
        name = resource.metadata.name
        if org is not None and name != org:
            message = f"The Organization is called `{name}`, but the project is for the org `{org}`."
            hint = f"Write `name: {org}`, or change `org` in clawforge.yaml."
            yield Finding("org-mismatch", resource.address, "/metadata/name", message, hint)


def _emails(resources: Iterable[Resource]) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for resource in resources:
        if not isinstance(resource, User):
            continue
        first = owners.setdefault(resource.spec.email, resource.address)
        if first != resource.address:
            message = f"`{resource.spec.email}` is already the email of {first}."
            hint = "Emails are unique: give each user their own."
            yield Finding("duplicate-email", resource.address, "/spec/email", message, hint, related=(first,))


def _built_in_roles(resources: Iterable[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if isinstance(resource, Role) and resource.metadata.name in BUILT_IN_ROLES:
            message = f"`{resource.metadata.name}` is a built-in role and cannot be declared."
            yield Finding("built-in-role", resource.address, "/metadata/name", message, "Choose another name.")


def _unresolved(
    resources: Sequence[Resource], instances: Collection[str] | None, unusable: Collection[str]
) -> Iterator[Finding]:
    known = _Known(resources, instances)
    for resource in resources:
        for reference in references_of(resource):
            names = known.names(reference.kind)
            if names is None or reference.name in names:
                continue
            if f"{reference.kind}/{reference.name}" in unusable or f"*/{reference.name}" in unusable:
                continue
            yield _unresolved_finding(resource.address, reference, known)


def _unresolved_finding(address: str, reference: Reference, known: _Known) -> Finding:
    guess = known.nearest(reference)
    name, kind = reference.name, reference.kind
    suggestion = f"Did you mean `{guess}`?" if guess else ""
    if kind == "instance":
        message = f"The server knows no instance `{name}`."
        hint = suggestion or "Check the name; it takes effect once an instance enrols under it."
        return Finding("unknown-instance", address, reference.pointer, message, hint, Severity.WARNING)
    if kind == "context":
        message = f"The context `{name}` is not declared."
        hint = suggestion or "Add it to `spec.contexts` of the Organization."
    elif kind == "kind":
        message = f"There is no kind {shown(name)}."
        hint = suggestion or "Use the name of a kind, such as Policy."
    else:
        message = f"{shown(f'{kind}/{name}')} does not exist."
        hint = suggestion or (_ROLE_HINT if kind == "Role" else f"Declare the {kind}, or remove the reference.")
    return Finding("unresolved-reference", address, reference.pointer, message, hint)


class _Known:
    """The names that references may use, by kind."""

    def __init__(self, resources: Iterable[Resource], instances: Collection[str] | None) -> None:
        from clawforge.resource.registry import BY_KIND

        self._names: dict[str, set[str]] = {kind: set() for kind in BY_KIND}
        self._names["Role"].update(BUILT_IN_ROLES)
        self._names["kind"] = set(BY_KIND)
        self._users_by_email: dict[str, str] = {}
        self._near: dict[str, KnownNames] = {}
        if instances is not None:
            self._names["instance"] = set(instances)
        for resource in resources:
            self._names[resource.kind].add(resource.metadata.name)
            if isinstance(resource, Organization):
                self._names.setdefault("context", set()).update(resource.spec.contexts)
            elif isinstance(resource, User):
                self._users_by_email[resource.spec.email] = resource.metadata.name

    def names(self, kind: str) -> Collection[str] | None:
        """None where everything may be named: contexts without an Organization, instances without a server."""
        return self._names.get(kind)

    def nearest(self, reference: Reference) -> str | None:
        """What was probably meant."""
        if reference.kind == "User" and reference.name.lower() in self._users_by_email:
            return self._users_by_email[reference.name.lower()]
        near = self._near.get(reference.kind)
        if near is None:
            near = self._near[reference.kind] = KnownNames(self._names[reference.kind])
        return near.nearest(reference.name)


def _extends_cycles(resources: Iterable[Resource]) -> Iterator[Finding]:
    """The circles of `extends`, each with the whole way around. `way` is the path from the start, in order."""
    parents = {item.address: item.spec.extends for item in resources if isinstance(item, Policy)}
    finished: set[str] = set()
    for start, extended in parents.items():
        way = {} if start in finished else {start: iter(extended)}
        while way:
            current = next(reversed(way))
            for parent in way[current]:
                if parent in way:
                    members = list(way)
                    yield _cycle(members[members.index(parent) :], parents)
                elif parent in parents and parent not in finished:
                    way[parent] = iter(parents[parent])
                    break
            else:
                way.popitem()
                finished.add(current)


def _cycle(members: list[str], parents: dict[str, tuple[str, ...]]) -> Finding:
    first = members.index(min(members))
    around = members[first:] + members[:first]
    shown = around if len(around) <= _MOST_SHOWN else [*around[:_MOST_SHOWN], "..."]
    message = "These policies extend one another in a circle: " + " -> ".join([*shown, around[0]]) + "."
    following = around[1] if len(around) > 1 else around[0]
    pointer = f"/spec/extends/{parents[around[0]].index(following)}"
    hint = "Remove one of the `extends`."
    return Finding("extends-cycle", around[0], pointer, message, hint, related=tuple(around[1:_MOST_SHOWN]))
