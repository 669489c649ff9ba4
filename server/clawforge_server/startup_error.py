"""Why the server does not start."""

from __future__ import annotations

from clawforge.errors import ClawforgeError


class StartupError(ClawforgeError):
    """The server cannot start as asked; the message says why, the hint what to do."""

    code = "cannot-start"
