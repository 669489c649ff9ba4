"""What old plugins ask all the time, answered from memory in one step: their policy, and whether it is still the one.

As the other hot paths do, these answer exactly as the route would, or leave the request to it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

from clawforge.errors import ClawforgeError
from clawforge_server.auth.authenticator import require_good
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.hot_request import HotRequest
from clawforge_server.routes.legacy.refusal import JSON
from clawforge_server.state.plugin_policies import ServedPolicy
from clawforge_server.store.records import InstanceRecord

_PATH = re.compile(r"/api/v1/(?:policies/(?P<org>[^/]+)/effective|heartbeat/(?P<of>[^/]+)/(?P<user>[^/]+))")
_SCHEME = "Bearer "


class _Plugin(NamedTuple):
    """A plugin that is known, its session, and what it is served."""

    session: str
    instance: InstanceRecord
    served: ServedPolicy


class LegacyHotPaths:
    """The body of an answer to an old plugin, and its content type."""

    content_type = JSON.encode()

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def body(self, request: HotRequest) -> bytes | None:
        """What a 200 says, if all that it needs is in memory and nothing is to be refused."""
        path = _PATH.fullmatch(request.path)
        if path is None or request.method != "GET":
            return None
        now = self._plane.clock.now()
        plugin = self._plugin(request, now)
        if plugin is None:
            return None
        instance, served, user = plugin.instance, plugin.served, path["user"]
        if (path["org"] or path["of"]) not in (instance.org, served.org_id):
            return None
        if user is not None and user != served.user_id:
            return None
        # Plugins name themselves when they fetch their policy. Any other parameter is for the route.
        if request.query and (user is not None or request.query != f"userId={served.user_id}"):
            return None
        try:
            self._plane.limits.instance(instance.org, instance.name)
        except ClawforgeError:
            return None
        self._plane.reports.seen(instance.org, instance.name, now)
        wanted = self._plane.refreshes.mark(instance.org, instance.name)
        if user is None:
            self._plane.plugin_policies.note_fetched(plugin.session, served, now, wanted)
            return served.document.body
        held = self._plane.plugin_policies.is_held(plugin.session, served, now, wanted)
        return served.document.beat if held else served.document.beat_refresh

    def _plugin(self, request: HotRequest, now: dt.datetime) -> _Plugin | None:
        plane, shown = self._plane, request.headers(b"authorization")
        if len(shown) != 1 or not shown[0].startswith(_SCHEME):
            return None
        credential = plane.credentials.peek(credential_hash(shown[0].removeprefix(_SCHEME)))
        if credential is None or credential.org is None or credential.instance is None:
            return None
        state = plane.states.peek(credential.org)
        if state is None:
            return None
        try:
            require_good(credential, state, now, self._address(request))
        except ClawforgeError:
            return None
        instance = plane.plugins.peek(credential.org, credential.instance)
        if instance is None:
            return None
        served = plane.plugin_policies.peek(state, instance, now)
        return None if served is None else _Plugin(credential.id, instance, served)

    def _address(self, request: HotRequest) -> str:
        """As `client_address` has it."""
        if self._plane.behind_proxy:
            lines = request.headers(b"x-forwarded-for")
            forwarded = lines[-1].rpartition(",")[2].strip() if lines else ""
            if forwarded:
                return forwarded[:64]
        return request.client
