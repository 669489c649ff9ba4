"""Every kind that exists, in the order in which people meet them."""

from __future__ import annotations

from typing import Any

from clawforge.canonical import digest
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.elevation_policy import ElevationPolicy
from clawforge.resource.enrollment import Enrollment
from clawforge.resource.group import Group
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import PolicyTest
from clawforge.resource.role import Role
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.service_account import ServiceAccount
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.user import User
from clawforge.resource.version_target import VersionTarget
from clawforge.resource.waiver import Waiver

KINDS: tuple[type[Resource], ...] = (
    Organization,
    User,
    ServiceAccount,
    Group,
    Role,
    RoleBinding,
    Enrollment,
    Policy,
    DlpRuleSet,
    SkillApproval,
    VersionTarget,
    ElevationPolicy,
    PolicyTest,
    Invariant,
    ChangePolicy,
    Waiver,
)

BY_KIND: dict[str, type[Resource]] = {model.__name__: model for model in KINDS}


def canonical_resource(resource: Resource) -> dict[str, Any]:
    """The resource as JSON without defaults: what is stored, compared and hashed."""
    body = resource.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    metadata = body.pop("metadata")
    spec = body.pop("spec", {})
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec}


def resource_digest(resource: Resource) -> str:
    """Digest of the canonical resource."""
    return digest(canonical_resource(resource))
