"""Plans that are kept: looking one up, and what it would make of the state."""

from __future__ import annotations

import orjson

from clawforge.access.escalation import Side
from clawforge.access.model import AccessModel
from clawforge.errors import NotFoundError, UnavailableError
from clawforge.load.resource import parse_resource
from clawforge.plan import Plan
from clawforge.resource.meta import Resource
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.change_control import reviewed, said_about
from clawforge_server.state.org_state import OrgState, empty_org
from clawforge_server.store.records import PlanRecord


def read_plan(plane: ControlPlane, org: str, plan_id: str) -> Plan:
    """The plan as it was answered, with what reviewers said since. Raises NotFoundError."""
    state = plane.states.find(org) or empty_org(org)
    with plane.store.transaction() as transaction:
        found = transaction.plans.get(org, plan_id)
        if found is None:
            raise unknown_plan(plan_id)
        judgements = said_about(transaction, org, found, plane.clock.now())
    return reviewed(found, judgements, *planned_sides(state, found))


def planned_sides(state: OrgState, plan: PlanRecord) -> tuple[Side, Side]:
    """The state now, and as the plan would leave it. The rights of the latter are nobody's yet, and not asked for."""
    after = dict(state.resources)
    payload = plan.payload
    for address, text in payload.upserts.items() if payload is not None else ():
        after[address] = _parsed(address, text)
    for address in payload.deletes if payload is not None else ():
        after.pop(address, None)
    return Side(state.resources, state.access), Side(after, AccessModel.of(()))


def _parsed(address: str, text: str) -> Resource:
    resource = parse_resource(orjson.loads(text))
    if isinstance(resource, list):
        raise UnavailableError(f"The planned resource {address} cannot be read.", code="unreadable-state")
    return resource


def unknown_plan(plan_id: str) -> NotFoundError:
    """There is no such plan in this org."""
    return NotFoundError(
        f"There is no plan {plan_id!r} in this org.",
        hint="Plans that were not applied are dropped after they expired; plan again.",
        code="unknown-plan",
    )
