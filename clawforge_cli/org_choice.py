"""Which org a command is about: the flag, else the project's."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from clawforge.errors import InputError


class OrgChoice(NamedTuple):
    """The org, and the server that the project names, if it names one."""

    org: str
    server: str | None


def choose_org(path: Path, org: str | None) -> OrgChoice:
    """Raises InputError when neither a flag nor a project says which org."""
    from clawforge.load.project import read_project_file

    if org is not None and not (path / "clawforge.yaml").is_file():
        return OrgChoice(org, None)
    file = read_project_file(path)
    if file is None:
        raise InputError(
            f"{path} holds no readable clawforge.yaml, and no org is named.",
            hint="Name the project directory, or pass --org.",
        )
    return OrgChoice(org or file.org, file.server)


def choose_source(path: Path, source: str | None) -> str:
    """Raises InputError when neither a flag nor a project says which source."""
    from clawforge.load.project import read_project_file

    if source is not None:
        return source
    file = read_project_file(path)
    if file is None:
        raise InputError(
            f"{path} holds no readable clawforge.yaml, and no source is named.",
            hint="Name the project directory, or pass --source.",
        )
    return file.source
