"""`clawforge auth`: ask about one's own rights."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def auth() -> None:
    """Ask about one's own rights."""


@app.command(name="can-i")
def can_i(
    permission: Annotated[str, typer.Argument(metavar="PERMISSION", help="Such as plans:apply.")],
    kind: Annotated[str | None, typer.Option("--kind", help="About a resource of this kind.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="About what this source owns.")] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="About a member of this group; may be repeated.")
    ] = None,
    environment: Annotated[str | None, typer.Option("--environment", help="About this environment.")] = None,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Say whether one's credential has a permission: over the whole org, unless something is named."""
    from clawforge.access.permission import PERMISSIONS
    from clawforge.access.rights import Target
    from clawforge.errors import InputError
    from clawforge.spelling import nearest
    from clawforge_cli.held_rights import held_rights
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views import human_identity, json_documents
    from clawforge_cli.views.terminal import Printer

    if permission not in PERMISSIONS:
        guess = nearest(permission, PERMISSIONS)
        hint = f"Did you mean `{guess}`?" if guess else f"There are: {', '.join(PERMISSIONS)}."
        raise InputError(f"There is no permission {permission!r}.", hint=hint)
    found = IdentityClient.chosen(server, org).who_am_i()
    rights = held_rights(found)
    target = Target(frozenset(group) if group else None, kind, source, environment)
    allowed = rights.allows(permission, target)
    if format is TextOrJson.JSON:
        json_documents.show({"allowed": allowed, "permission": permission, "principal": found.principal})
    else:
        human_identity.show_answer(found, permission, rights, allowed=allowed, printer=Printer())
    if not allowed:
        raise typer.Exit(ExitCode.FINDINGS)
