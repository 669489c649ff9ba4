"""What old plugins ask all the time, answered from memory in one step: their heartbeat, and their policy.

As with other hot paths the answer is exactly that of the route, or none at all: whatever is not in memory, not quite
usual, or to be refused is left to the route.
"""

from __future__ import annotations

from clawforge.access.model import USER
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.rate_limit import RateLimitedError
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.control_plane import ControlPlane
from clawforge_server.state.plugin_policies import ServedPolicy
from clawforge_server.store.records import InstanceRecord

PREFIX = "/api/v1/"
CONTENT_TYPE = "application/json; charset=utf-8"
_SCHEME = "Bearer "
_BEAT, _POLICY, _USER = "heartbeat", "policies", "userId="


def plugin_answer(plane: ControlPlane, path: str, query: str, authorization: list[str]) -> bytes | None:
    """The body of a 200 to a GET below `PREFIX`; None where the route has to look. The request is counted, and noted.

    `authorization` are the lines of that header. Call it on the event loop.
    """
    parts = path.removeprefix(PREFIX).split("/")
    if len(parts) != 3 or len(authorization) != 1 or not authorization[0].startswith(_SCHEME):
        return None
    credential = plane.credentials.peek(credential_hash(authorization[0].removeprefix(_SCHEME)))
    found = None if credential is None else _served(plane, credential)
    if credential is None or found is None:
        return None
    instance, served = found
    what, org, rest = parts
    beat = what == _BEAT and rest == served.user_id and not query
    fetch = what == _POLICY and rest == "effective" and query in ("", _USER + served.user_id)
    if org != served.org_id or not (beat or fetch) or not _counts(plane, instance):
        return None
    plane.reports.note(instance, plane.clock.now())
    if fetch:
        plane.plugin_policies.note_fetched(credential.id, served)
        return served.document.body
    return (
        served.document.beat if plane.plugin_policies.is_held(credential.id, served) else served.document.beat_refresh
    )


def _served(plane: ControlPlane, credential: Credential) -> tuple[InstanceRecord, ServedPolicy] | None:
    """The policy for the session's instance, if the session is good and everything is in memory."""
    org, name, now = credential.org, credential.instance, plane.clock.now()
    if org is None or name is None or credential.networks or not credential.holder.startswith(USER):
        return None
    instance, state = plane.plugins.peek(org, name), plane.states.peek(org)
    expired = credential.until is not None and now >= credential.until
    if instance is None or state is None or expired or not state.access.is_active(credential.holder, now):
        return None
    served = plane.plugin_policies.peek(state, instance, now)
    return None if served is None else (instance, served)


def _counts(plane: ControlPlane, instance: InstanceRecord) -> bool:
    """Count the request; False if it is one too many, which the route will say."""
    try:
        plane.limits.instance(instance.org, instance.name)
    except RateLimitedError:
        return False
    return True
