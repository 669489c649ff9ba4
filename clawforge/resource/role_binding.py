"""RoleBinding: who holds a role, and over what."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, model_validator

from clawforge.resource.meta import Name, NameSet, Resource, Strict, StringSet, SubjectSet


class BindingSubjects(Strict):
    """Who holds the role."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [key], "properties": {key: {"minItems": 1}}}
                for key in ("users", "groups", "serviceAccounts")
            ]
        }
    )

    users: SubjectSet = ()
    """Users by name."""
    groups: NameSet = ()
    """Groups by name; every member holds the role."""
    service_accounts: NameSet = ()
    """Service accounts by name."""

    @model_validator(mode="after")
    def _somebody(self) -> BindingSubjects:
        if not (self.users or self.groups or self.service_accounts):
            raise ValueError("a binding needs at least one user, group or service account")
        return self


class BindingScope(Strict):
    """Over what the role counts; a key left out means all."""

    groups: NameSet = ()
    """Only what concerns members of these groups."""
    kinds: StringSet = ()
    """Only resources of these kinds."""
    sources: StringSet = ()
    """Only resources of these ownership scopes, the `source` of a project."""
    environments: NameSet = ()
    """Only these environments of a project."""


class RoleBindingSpec(Strict):
    """One role, its holders, and its scope."""

    role: Name
    """The role that is given: a declared one, or one that is built in."""
    subjects: BindingSubjects
    """Who holds it."""
    scope: BindingScope = BindingScope()
    """Over what it counts; left out, over everything."""


class RoleBinding(Resource):
    """Gives a role to people, groups or service accounts."""

    kind: Literal["RoleBinding"] = "RoleBinding"
    spec: RoleBindingSpec
