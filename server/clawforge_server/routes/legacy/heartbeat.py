"""Whether a plugin is up to date: the one channel of which the old plugin never loses hold."""

from __future__ import annotations

import dataclasses
import re

from starlette.responses import Response

from clawforge.errors import ForbiddenError
from clawforge.legacy.identifier import user_id
from clawforge_server.routes.legacy.endpoint import READER, LegacyCall, LegacyEndpoint, answer, plugin_of
from clawforge_server.routes.legacy.policies import served_policy
from clawforge_server.routes.legacy.refusal import JSON
from clawforge_server.service.legacy.console_people import list_clients
from clawforge_server.store.records import InstanceRecord

_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,64}")
_FOREIGN = "A heartbeat is for its own user only"


async def beat(call: LegacyCall) -> Response:
    """The kill switch, and whether the plugin should fetch its policy."""
    instance = await plugin_of(call)
    if call.path("user") != user_id(instance.org, instance.user):
        raise ForbiddenError(_FOREIGN, code="foreign-user")
    served = await served_policy(call, instance)
    plane, policy = call.plane, served.policy
    versions = _versions(call, instance)
    plane.reports.note(instance, plane.clock.now(), None, versions)
    if versions is not None:
        plane.instances.learn(instance, dataclasses.replace(instance, versions=versions))
    wanted = plane.refreshes.mark(instance.org, instance.name)
    held = plane.plugin_policies.is_held(call.who.credential, served, plane.clock.now(), wanted)
    said = call.query("policyVersion")
    # Plugins that say what they hold are asked to fetch if it is something else; a number that is none says nothing.
    other = said is not None and said.isascii() and said.isdigit() and int(said[:18]) != policy.version
    body = served.document.beat_refresh if other or not held else served.document.beat
    return Response(body, 200, {"Cache-Control": "no-store"}, JSON)


async def clients(call: LegacyCall) -> Response:
    """Every machine of the org, and when it was heard of last."""
    return answer(await call.run(lambda: list_clients(call.plane, call.org)))


def _versions(call: LegacyCall, instance: InstanceRecord) -> dict[str, str] | None:
    """The plugin's version where it says one; what was reported before stays."""
    said = call.query("clientVersion")
    if said is None or not _VERSION.fullmatch(said) or instance.versions.get("plugin") == said:
        return None
    return {**instance.versions, "plugin": said}


ENDPOINTS = (
    LegacyEndpoint("GET", "/api/v1/heartbeat/{org}/{user}", beat),
    LegacyEndpoint("GET", "/api/v1/heartbeat/{org}", clients, "instances:read", READER),
)
