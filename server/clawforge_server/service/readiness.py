"""Whether requests can be served: asked by load balancers before they send any."""

from __future__ import annotations

import secrets

from clawforge.dsse import sign, verify
from clawforge.keys import SEED_BYTES, SigningKey
from clawforge_server.control_plane import ControlPlane

_TYPE = "application/vnd.clawforge.readiness"


def check_ready(plane: ControlPlane) -> None:
    """Raise UnavailableError or UntrustedError unless the store answers and a signature made now verifies."""
    plane.store.check_ready()
    key = SigningKey(secrets.token_bytes(SEED_BYTES))
    verify(sign(b"ready", _TYPE, key), {key.keyid: key.public}, _TYPE)
