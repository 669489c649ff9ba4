"""The org and its policy, as the old console shows them. Both are kept in git, and can only be read here."""

from __future__ import annotations

import datetime as dt

from clawforge.decide.catalogue import catalogue
from clawforge.legacy.answer import EffectivePolicy
from clawforge.legacy.console import OrganizationAnswer, OrganizationView, PolicyDocument
from clawforge.legacy.event import milliseconds_text
from clawforge.legacy.identifier import org_id, thing_id
from clawforge.legacy.policy import Plugin, effective_policy
from clawforge.resolve.org import Resolution
from clawforge.resolve.subject import Subject
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.legacy.git_owned import GitOwnedError, refuse_write
from clawforge_server.service.sign_in_methods import organization_of
from clawforge_server.state.org_state import OrgState

_NOBODY = Subject(user="a newcomer")
"""Somebody who is not declared: what the org says about everybody."""


def organization_document(plane: ControlPlane, org: str) -> OrganizationAnswer:
    """The org. Raises NotFoundError."""
    state = plane.states.get(org)
    spec = organization_of(state)
    sso = None
    if spec.sso is not None:
        sso = {"issuerUrl": spec.sso.issuer, "clientId": spec.sso.client_id}
        sso |= {} if spec.sso.audience is None else {"audience": spec.sso.audience}
    created = "" if state.record is None else milliseconds_text(state.record.created_at)
    return OrganizationAnswer(
        organization=OrganizationView(
            id=org_id(org),
            name=spec.display_name or org,
            sso_config=sso,
            created_at=created,
            updated_at=_updated(plane, state) or created,
        )
    )


def policy_document(plane: ControlPlane, org: str) -> PolicyDocument:
    """What the org says about everybody, in the old format, and whether its kill switch is on. Raises NotFoundError."""
    state, now = plane.states.get(org), plane.clock.now()
    policy = _policy(state, now)
    kill, message = policy.kill_switch.active, policy.kill_switch.message
    listed = {"allow": policy.tools.allow, "deny": policy.tools.deny}
    tools = {name: names for name, names in listed.items() if names is not None}
    approved = [item.model_dump(by_alias=True) for item in policy.skills.approved]
    switch = {"active": kill, **({} if message is None else {"message": message})}
    return PolicyDocument(
        id=thing_id(org, "policy", "everybody"),
        org_id=org_id(org),
        version=policy.version,
        tools_config=tools,
        skills_config={"approved": approved, "requireApproval": policy.skills.require_approval},
        kill_switch=switch,
        kill_switch_message=message,
        audit_level=policy.audit_level,
        updated_at=_updated(plane, state) or milliseconds_text(now),
        tools=tools,
    )


def refuse_policy(plane: ControlPlane, org: str) -> GitOwnedError:
    """The error for a write of the policy. Raises NotFoundError."""
    state = plane.states.get(org)
    base = _resolution(state, plane.clock.now()).base
    return refuse_write(state, "The policy of this organization", (base, f"Organization/{org}"), "/spec")


def refuse_organization(plane: ControlPlane, org: str) -> GitOwnedError:
    """The error for a write of the org itself. Raises NotFoundError."""
    return refuse_write(plane.states.get(org), "The organization", (f"Organization/{org}",), "/spec")


def _resolution(state: OrgState, now: dt.datetime) -> Resolution:
    return state.model.resolve(_NOBODY, now)


def _policy(state: OrgState, now: dt.datetime) -> EffectivePolicy:
    return effective_policy(
        [_resolution(state, now).effective],
        Plugin(),
        serial=0 if state.record is None else state.record.serial,
        kills=state.kills,
        catalogue=catalogue(),
        at=now,
    )


def _updated(plane: ControlPlane, state: OrgState) -> str | None:
    """When the present revision was applied."""
    if state.record is None:
        return None
    with plane.store.transaction() as transaction:
        revision = transaction.revisions.get(state.name, state.record.revision)
    return None if revision is None else milliseconds_text(revision.created_at)
