"""`clawforge logout`: end the session, on the server and here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Org, Server

if TYPE_CHECKING:
    from clawforge_cli.session.record import StoredSession
    from clawforge_cli.session.vault import Vault

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def logout(
    server: Server = None,
    org: Org = None,
    everywhere: Annotated[bool, typer.Option("--all", help="End every session that is kept here.")] = False,
) -> None:
    """End the session that `clawforge login` made; the latest one, unless server or org are named."""
    from clawforge_cli.session.vault import Vault
    from clawforge_cli.settings import checked_server, state_directory
    from clawforge_cli.views.terminal import note

    vault = Vault(state_directory())
    with vault.locked():
        if everywhere:
            found = list(vault.sessions())
        else:
            one = vault.find(checked_server(server) if server else None, org)
            found = [] if one is None else [one]
        for session in found:
            _end(vault, session)
    if not found:
        note("There is no session to end.")


def _end(vault: Vault, session: StoredSession) -> None:
    from clawforge.errors import ClawforgeError, UnauthenticatedError
    from clawforge_cli.session.ending import end_on_server
    from clawforge_cli.views.terminal import note, safe

    who = f"{safe(session.principal)} at {safe(session.server)}"
    tokens = vault.tokens(session)
    # Forgotten first: whatever the server says, nobody goes on with it here.
    vault.drop(session)
    try:
        if tokens is not None:
            end_on_server(session, tokens)
    except UnauthenticatedError:
        note(f"The session of {who} had ended already.")
        return
    except ClawforgeError as error:
        note(f"The session of {who} is forgotten here, but the server could not be told: {safe(error.message)}")
        return
    note(f"Signed out {who}.")
