"""Reading the public keys."""

from __future__ import annotations

from clawforge.errors import NotFoundError
from clawforge.wire import KeysAnswer
from clawforge_server.control_plane import ControlPlane


def read_keys(plane: ControlPlane, org: str) -> KeysAnswer:
    """The root key, and the key set that it vouches for. Raises NotFoundError."""
    state = plane.states.get(org)
    if state.keys is None:
        raise NotFoundError(f"The org {org!r} has no keys yet.", code="unknown-org")
    return KeysAnswer(org=org, epoch=state.keys.epoch, root_key=state.keys.root_key, keys=state.keys.key_set)
