"""The session that a command goes by, prolonged when it has to be."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from clawforge.errors import ClawforgeError, UnauthenticatedError, UnavailableError
from clawforge.secret import Secret
from clawforge_cli.session.record import StoredSession, Tokens, stored
from clawforge_cli.session.vault import Vault

_MARGIN = dt.timedelta(seconds=60)
"""A token that ends sooner might end on the way."""


@dataclass(frozen=True, slots=True)
class PresentSession:
    """A server and the access token that is good there now."""

    server: str
    token: Secret


def present_session(server: str | None, org: str | None) -> PresentSession | None:
    """The session of a server and org, the latest one where they are not named; None if there is none.

    Raises UnauthenticatedError for one that has ended, and the errors of the file and of the server.
    """
    from clawforge_cli.settings import state_directory

    vault = Vault(state_directory())
    found = vault.find(server, org)
    if found is None:
        return None
    now = dt.datetime.now(dt.UTC)
    tokens = vault.tokens(found)
    if tokens is None or not tokens.is_fresh(now, _MARGIN):
        tokens = _prolonged(vault, found, now)
    return PresentSession(found.server, Secret(tokens.access))


def _prolonged(vault: Vault, session: StoredSession, now: dt.datetime) -> Tokens:
    with vault.locked():
        # Another process may have done it while this one waited for the lock.
        found = vault.find(session.server, session.org)
        tokens = None if found is None else vault.tokens(found)
        if found is None or tokens is None:
            raise _ended(session)
        if tokens.is_fresh(now, _MARGIN):
            return tokens
        if not tokens.can_refresh(now):
            if tokens.is_fresh(now, dt.timedelta(0)):
                return tokens
            vault.drop(found)
            raise _ended(session)
        return _refreshed(vault, found, tokens, now)


def _refreshed(vault: Vault, session: StoredSession, tokens: Tokens, now: dt.datetime) -> Tokens:
    from clawforge_cli.sign_in_client import SignInClient

    try:
        answer = SignInClient(session.server).refresh(tokens.refresh or "")
    except UnauthenticatedError as error:
        vault.drop(session)
        raise _ended(session, error) from error
    except UnavailableError:
        if tokens.is_fresh(now, dt.timedelta(0)):
            return tokens
        raise
    renewed = stored(session.server, answer)
    vault.keep(renewed)
    if renewed.tokens is None:
        raise _ended(session)
    return renewed.tokens


def _ended(session: StoredSession, error: ClawforgeError | None = None) -> UnauthenticatedError:
    why = f" {error.message}" if error is not None and error.code == "refresh-token-reused" else ""
    return UnauthenticatedError(
        f"The session of {session.principal} at {session.server} has ended.{why}",
        hint=f"Sign in again: `clawforge login --server {session.server} --org {session.org}`.",
        code="session-ended",
    )
