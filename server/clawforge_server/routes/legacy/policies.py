"""The policy of a plugin."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.errors import ForbiddenError
from clawforge.legacy.identifier import user_id
from clawforge.legacy.shape import Field, Shape
from clawforge_server.routes.legacy.endpoint import READER, LegacyCall, LegacyEndpoint, answer, plugin_of
from clawforge_server.routes.legacy.refusal import JSON
from clawforge_server.service.legacy.console_org import policy_document, refuse_policy
from clawforge_server.state.plugin_policies import ServedPolicy
from clawforge_server.store.records import InstanceRecord

_POLICY: Shape = {
    "toolsConfig": Field(
        "object",
        required=False,
        fields={
            "allow": Field("array", required=False),
            "deny": Field("array", required=False),
            "profile": Field(required=False),
        },
    ),
    "skillsConfig": Field(
        "object",
        required=False,
        fields={"requireApproval": Field("boolean", required=False), "approved": Field("array", required=False)},
    ),
    "auditLevel": Field(required=False, options=("full", "metadata", "off")),
}
_FOREIGN = "A policy is given to its own user only"


async def effective(call: LegacyCall) -> Response:
    """What the caller's own plugin enforces. Somebody else's is refused, whoever asks."""
    wanted = call.query("userId")
    instance = await plugin_of(call)
    if wanted is not None and wanted != user_id(instance.org, instance.user):
        raise ForbiddenError(_FOREIGN, code="foreign-user")
    served = await served_policy(call, instance)
    plane, now = call.plane, call.plane.clock.now()
    if call.request.method != "HEAD":
        # Whoever asks for the headers alone has not got the policy.
        mark = plane.refreshes.mark(instance.org, instance.name)
        plane.plugin_policies.note_fetched(call.who.credential, served, now, mark)
    plane.reports.note(instance, now)
    return Response(served.document.body, 200, {"Cache-Control": "no-store"}, JSON)


async def served_policy(call: LegacyCall, instance: InstanceRecord) -> ServedPolicy:
    """From memory on the event loop, unless something has to be read or made first."""
    plane, now = call.plane, call.plane.clock.now()
    state = plane.states.peek(instance.org)
    if state is None:
        state = await call.run(lambda: plane.states.get(instance.org))
    present = state
    served = plane.plugin_policies.peek(present, instance, now)
    if served is None:
        served = await call.run(lambda: plane.plugin_policies.get(present, instance, now))
    return served


async def show(call: LegacyCall) -> Response:
    """What the org says about everybody."""
    return answer(await call.run(lambda: policy_document(call.plane, call.org)))


async def write(call: LegacyCall) -> Response:
    """Refused, once it is certain to be a policy: it is kept in the files."""
    call.read(_POLICY)
    raise await call.run(lambda: refuse_policy(call.plane, call.org))


_POLICIES = "/api/v1/policies/{org}"

ENDPOINTS = (
    LegacyEndpoint("GET", _POLICIES + "/effective", effective),
    LegacyEndpoint("GET", _POLICIES, show, "state:read", READER),
    LegacyEndpoint("PUT", _POLICIES, write, "plans:apply", takes_body=True),
)
