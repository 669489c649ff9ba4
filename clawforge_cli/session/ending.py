"""Ending a session on the server that it was made at."""

from __future__ import annotations

import datetime as dt

from clawforge.secret import Secret
from clawforge_cli.session.record import StoredSession, Tokens


def end_on_server(session: StoredSession, tokens: Tokens) -> None:
    """The session is dead from now on. Raises the errors of the server: UnauthenticatedError where it was already.

    An access token lives for minutes only. Where it ran out the session is prolonged first, or its refresh token would
    go on for as long as the org lets people stay signed in.
    """
    from clawforge_cli.sign_in_client import SignInClient

    now = dt.datetime.now(dt.UTC)
    access = tokens.access
    if tokens.can_refresh(now) and not tokens.is_fresh(now, dt.timedelta()):
        access = SignInClient(session.server).refresh(tokens.refresh or "").access_token
    SignInClient(session.server, Secret(access)).sign_out()
