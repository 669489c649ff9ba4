"""Tokens in the keyring of the desktop, where there is a real one."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from clawforge_cli.session.record import StoredSession, Tokens
from clawforge_cli.settings import keyring_wanted

_SERVICE = "clawforge"
_REAL = 1.0
"""What a backend that encrypts calls itself; those that keep plain text stay below."""


class KeyringTokens:
    """One entry a session. Whatever goes wrong in there, the tokens count as not kept: people are asked to sign in."""

    def keep(self, session: StoredSession) -> bool:
        """Whether the tokens were put there."""
        ring = _ring()
        if ring is None or session.tokens is None:
            return False
        text = session.tokens.model_dump_json(by_alias=True)
        from keyring.errors import KeyringError

        try:
            ring.set_password(_SERVICE, _name(session), text)
            return bool(ring.get_password(_SERVICE, _name(session)) == text)
        except (KeyringError, OSError, RuntimeError):
            return False

    def find(self, session: StoredSession) -> Tokens | None:
        """The tokens of a session."""
        ring = _ring()
        if ring is None:
            return None
        from keyring.errors import KeyringError

        try:
            text = ring.get_password(_SERVICE, _name(session))
            return None if text is None else Tokens.model_validate_json(text)
        except (KeyringError, OSError, RuntimeError, ValidationError):
            return None

    def drop(self, session: StoredSession) -> None:
        """Forget the tokens of a session."""
        ring = _ring()
        if ring is None:
            return
        from keyring.errors import KeyringError

        try:
            ring.delete_password(_SERVICE, _name(session))
        except (KeyringError, OSError, RuntimeError):
            # What is left there is dead: the server was told first.
            return


def _name(session: StoredSession) -> str:
    return f"{session.org} at {session.server}"


def _ring() -> Any:
    """None without a real keyring. Its library finds the system's by trying, which takes a while: only when needed."""
    if not keyring_wanted():
        return None
    import keyring

    try:
        ring = keyring.get_keyring()
        return ring if float(ring.priority) >= _REAL else None
    except (RuntimeError, OSError):
        return None
