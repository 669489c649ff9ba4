"""The outcome of a sign-in; never its tokens."""

from __future__ import annotations

from clawforge.resource.meta import format_instant
from clawforge.wire_identity import SessionAnswer
from clawforge_cli.settings import TOKEN_FILE_VARIABLE, TOKEN_VARIABLE, token_is_set
from clawforge_cli.views import json_documents
from clawforge_cli.views.terminal import note, safe


def show(server: str, answer: SessionAnswer, place: str, *, json: bool) -> None:
    """Who signed in where, until when, and where the session is kept."""
    ends = answer.refresh_expires_at or answer.expires_at
    if json:
        json_documents.show(
            {
                "server": server,
                "org": answer.org,
                "principal": answer.principal,
                "session": answer.session,
                "expiresAt": format_instant(ends),
            }
        )
        return
    note(
        f"Signed in to {safe(server)} as {safe(answer.principal)} of {safe(answer.org)}, until {format_instant(ends)}."
    )
    note(f"The session is kept in {safe(place)}.")
    if token_is_set():
        note(f"{TOKEN_VARIABLE} or {TOKEN_FILE_VARIABLE} is set, and wins over the session: unset it to use this one.")
