"""The forge that the command line names, for services that know of none."""

from __future__ import annotations

from clawforge.errors import InputError
from clawforge_cli.ci.pipeline import ForgeAddress, ForgeKind, Given

_PUBLIC = {ForgeKind.GITHUB: "https://api.github.com", ForgeKind.GITLAB: "https://gitlab.com/api/v4"}


def named_forge(given: Given) -> ForgeAddress | None:
    """None if none is named. Raises InputError for half of one."""
    if given.forge is None:
        return None
    if given.repository is None or given.token is None:
        raise InputError(
            f"To ask {given.forge} about a change it takes a repository and a token.",
            hint="Pass --repository, and set CLAWFORGE_FORGE_TOKEN.",
        )
    return ForgeAddress(given.forge, given.api or _PUBLIC[given.forge], given.repository, given.token)
