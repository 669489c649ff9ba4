"""Who approves an elevation: people who may, whom its policy accepts, and never those whom it is for."""

from __future__ import annotations

from clawforge.access.model import USER
from clawforge.errors import ForbiddenError
from clawforge.overlay.bounds import GrantBounds
from clawforge_server.auth.principal import PEOPLE, Principal
from clawforge_server.service.instances import instance_target
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.elevation_body import body_of
from clawforge_server.store.overlay_port import OverlayRecord
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord

APPROVE, READ = "elevations:approve", "elevations:read"


def require_reviewer(state: OrgState, who: Principal, instance: InstanceRecord) -> None:
    """Raise ForbiddenError for whose right does not reach the machine, for a program (`not-a-person`), and for the
    machine's user (`own-elevation`)."""
    who.require(APPROVE, instance_target(state, instance))
    if who.kind not in PEOPLE:
        raise ForbiddenError(
            "Only people approve: whoever can run a program could approve their own request through it.",
            hint="Sign in with `clawforge login`.",
            code="not-a-person",
        )
    if who.answerable == f"{USER}{instance.user}":
        raise ForbiddenError(
            "Nobody approves their own elevation.", hint="Somebody else has to look at it.", code="own-elevation"
        )


def require_accepted(state: OrgState, who: Principal, bounds: GrantBounds) -> None:
    """Raise ForbiddenError (`not-an-approver`) for whose approval the elevation policies do not count."""
    person = who.kind == "user"
    groups = state.access.groups_of_user(who.name, who.claims) if person else frozenset[str]()
    roles = state.access.roles_of_user(who.name) if person else ()
    if bounds.accepts_approver(roles=roles, groups=groups):
        return
    wanted = [
        f"{what} {', '.join(names)}"
        for one in bounds.approvers
        for what, names in (("roles", one.roles), ("groups", one.groups))
        if names
    ]
    raise ForbiddenError(
        f"Approvals of {who.actor} do not count for the grant {bounds.name!r}.",
        hint=f"Those of the {' and '.join(wanted)} do.",
        code="not-an-approver",
    )


def groups_around(transaction: Transaction, state: OrgState, record: OverlayRecord) -> frozenset[str]:
    """The groups of whom an elevation is for, and of the machine."""
    instance = transaction.instances.get(state.name, body_of(record).instance)
    if instance is None:
        raise LookupError("an instance is never deleted")
    return instance_target(state, instance).groups or frozenset()
