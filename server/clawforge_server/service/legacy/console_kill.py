"""The one kill switch of the old console: that over the whole org."""

from __future__ import annotations

from clawforge.wire_overlays import MOST_MESSAGE, OverlayRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.service.kill_switch import switch_off, switch_on

_REASON = "The kill switch was turned on by the old API."
_ENDED = "The kill switch was turned off by the old API."


def set_kill_switch(
    plane: ControlPlane, who: Principal, org: str, active: bool, message: str | None, origin: Origin
) -> None:
    """Turn it on or off; what it is already is no error. Switches over less than the org are left alone.

    Raises as `switch_on` and `switch_off`.
    """
    if active:
        told = (message or "").strip()[:MOST_MESSAGE]
        request = OverlayRequest(scope="org", reason=told or _REASON, message=told)
        switch_on(plane, who, org, request, origin=origin)
        return
    with plane.store.transaction() as transaction:
        held = [item.id for item in transaction.overlays.open(org) if item.kind == "kill" and item.scope == "org"]
    for overlay in held:
        switch_off(plane, who, org, overlay, _ENDED, origin=origin)
