"""Telling revisions and a project directory apart on a command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clawforge.errors import InputError
from clawforge.revision_name import is_revision_name, require_revision_name

_MOST_REVISIONS = 2


def revisions_and_project(words: Sequence[str]) -> tuple[list[str], Path]:
    """Up to two names of revisions, and the directory that may come last. Raises InputError for anything else."""
    *first, last = words or [""]
    named_last = not last or is_revision_name(last)
    path = Path() if named_last else Path(last)
    names = [require_revision_name(word) for word in ([*first, last] if named_last and last else first)]
    if len(names) > _MOST_REVISIONS:
        raise InputError("At most two revisions can be compared.")
    if not named_last and not path.is_dir():
        raise InputError(
            f"{last!r} is neither a revision nor a directory.",
            hint="Revisions are a number, `latest` or `latest~2`; the project directory comes last.",
        )
    return names, path
