"""Where the agent's socket lies, short enough for the system."""

from __future__ import annotations

import os
from pathlib import Path

from clawforge.errors import InputError

SOCKET_NAME = "agent.sock"
_LONGEST = 100
"""Systems allow 104 to 108 bytes of a socket's path."""


def socket_address(directory: Path, descriptor: int) -> str:
    """A path of the socket in `directory`; `descriptor` is that directory, opened, and must stay so while it is used.

    Raises InputError where no path is short enough.
    """
    path = str(directory.absolute() / SOCKET_NAME)
    if len(os.fsencode(path)) <= _LONGEST:
        return path
    through_proc = Path(f"/proc/self/fd/{descriptor}")
    if not through_proc.exists():
        raise InputError(f"The path {path} is too long for a socket.", hint="Choose a shorter state directory.")
    return str(through_proc / SOCKET_NAME)
