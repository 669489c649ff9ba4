"""Who may do what, for people."""

from __future__ import annotations

import datetime as dt

from clawforge.access.rights import Rights
from clawforge.resource.meta import format_instant
from clawforge.wire_identity import KeyList, RightView, UserList, UserView, WhoAmI
from clawforge_cli.views.terminal import Printer, note, safe


def show_self(found: WhoAmI, printer: Printer) -> None:
    """The holder, the credential, and every right with where it comes from."""
    printer.line(("bold", safe(found.principal)), f" in the org {safe(found.org)}")
    printer.line(f"  credential {safe(found.credential)}, good for {safe(', '.join(found.scopes))}")
    if found.groups:
        printer.line(f"  member of {safe(', '.join(found.groups))}")
    if not found.rights:
        printer.line("  No rights.")
    width = max((len(item.permission) for item in found.rights), default=0)
    for item in found.rights:
        printer.line(f"  {safe(item.permission):<{width}}  through {safe(item.via)}{_over(item)}")


def _over(item: RightView) -> str:
    parts = {
        "groups": item.scope.groups,
        "kinds": item.scope.kinds,
        "sources": item.scope.sources,
        "environments": item.scope.environments,
    }
    bounded = [f"{name} {safe(', '.join(names))}" for name, names in parts.items() if names is not None]
    return f", over {'; '.join(bounded)} only" if bounded else ""


def show_answer(found: WhoAmI, permission: str, rights: Rights, *, allowed: bool, printer: Printer) -> None:
    """Yes or no, and in what part of the org it would be a yes."""
    if allowed:
        printer.line(("bold green", "yes"), f": {safe(found.principal)} has {permission} there.")
        return
    scopes = [str(scope) for scope in rights.over(permission)]
    more = f"; it is held over {safe(' or '.join(dict.fromkeys(scopes)))} only" if scopes else ""
    printer.line(("bold red", "no"), f": {safe(found.principal)} does not have {permission} there{more}.")


def show_keys(found: KeyList, printer: Printer) -> None:
    """One key a paragraph, oldest first."""
    if not found.tokens:
        printer.line("No API keys.")
    for item in found.tokens:
        printer.line(("bold", safe(item.name)), f"  {safe(item.id)}  of {safe(item.holder)}")
        printer.line(f"  good for {safe(', '.join(item.permissions))}")
        if item.networks:
            printer.line(f"  from {safe(', '.join(item.networks))}")
        if item.revoked_at is not None:
            printer.line(("red", f"  revoked {_second(item.revoked_at)}"))
        elif item.expires_at is not None:
            printer.line(f"  until {_second(item.expires_at)}")
        printer.line(f"  made by {safe(item.created_by)}, {_second(item.created_at)}")


def show_users(found: UserList, printer: Printer) -> None:
    """One user a line, and why somebody is stopped."""
    if not found.users:
        printer.line("No users.")
    width = max((len(item.user) for item in found.users), default=0)
    for item in found.users:
        state = ("red", "suspended") if item.state == "suspended" else "active   "
        printer.line(f"{safe(item.user):<{width}}  ", state, f"  {safe(item.email)}  {safe(', '.join(item.roles))}")
        if item.suspension is not None:
            by = f"by {safe(item.suspension.by)}, {_second(item.suspension.at)}: {safe(item.suspension.reason)}"
            printer.line(f"{'':<{width}}  stopped by hand {by}")


def note_suspended(answer: UserView) -> None:
    """What happened, and what is left to do in the files."""
    note(f"{safe(answer.user)} is suspended from now on; every session and key of theirs has ended.")
    if answer.declared == "active":
        place = f"{safe(answer.file)}:{answer.line}" if answer.file else f"User/{safe(answer.user)}"
        note(f"For good, write `state: suspended` at {place} and apply. `clawforge user activate` lifts it.")


def show_invitation(found: UserView, server: str, org: str, code: str | None, printer: Printer) -> None:
    """What to send to the person."""
    printer.line(f"Send this to {safe(found.email)}:")
    printer.line()
    if code is not None:
        printer.line(f"  clawforge password set --server {safe(server)}    # asks for this code: {safe(code)}")
    password = " --password" if code is not None else ""
    printer.line(f"  clawforge login --server {safe(server)} --org {safe(org)}{password}")


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
