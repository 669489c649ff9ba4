"""RoleBinding: who holds a role, and over what."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from clawforge.resource.meta import Name, NameSet, Resource, Strict, StringSet, SubjectSet


class BindingSubjects(Strict):
    """Who holds the role."""

    users: SubjectSet = ()
    groups: NameSet = ()
    service_accounts: NameSet = ()

    @model_validator(mode="after")
    def _somebody(self) -> BindingSubjects:
        if not (self.users or self.groups or self.service_accounts):
            raise ValueError("a binding needs at least one user, group or service account")
        return self


class BindingScope(Strict):
    """Over what the role counts; a key left out means all."""

    groups: NameSet = ()
    kinds: StringSet = ()
    sources: StringSet = ()
    environments: NameSet = ()


class RoleBindingSpec(Strict):
    """One role, its holders, and its scope."""

    role: Name
    subjects: BindingSubjects
    scope: BindingScope = BindingScope()


class RoleBinding(Resource):
    """Gives a role to people, groups or service accounts."""

    kind: Literal["RoleBinding"] = "RoleBinding"
    spec: RoleBindingSpec
