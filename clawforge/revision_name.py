"""How people name a revision: by its number, or counted back from the latest one."""

from __future__ import annotations

import re

from clawforge.errors import InputError, NotFoundError

REVISION_NAME = r"^([0-9]{1,15}|latest(~[0-9]{1,15})?)$"

_NAME = re.compile(r"([0-9]{1,15})|latest(?:~([0-9]{1,15}))?")


def is_revision_name(text: str) -> bool:
    """Whether the text is a number, `latest`, or `latest~2`."""
    return _NAME.fullmatch(text) is not None


def require_revision_name(text: str) -> str:
    """The text. Raises InputError for what names no revision."""
    if not is_revision_name(text):
        raise InputError(
            f"{text!r} names no revision.",
            hint="Give a number, `latest`, or `latest~2` for the one two before it.",
            code="bad-revision",
        )
    return text


def revision_number(name: str, latest: int) -> int:
    """The number of a revision; 0 is the empty state before the first one.

    Raises InputError for what names no revision, NotFoundError for one that there is not.
    """
    match = _NAME.fullmatch(require_revision_name(name))
    number, back = match.groups() if match else (None, None)
    found = int(number) if number is not None else latest - int(back or 0)
    if 0 <= found <= latest:
        return found
    raise unknown_revision(name, latest)


def unknown_revision(name: str | int, latest: int) -> NotFoundError:
    """There is no such revision."""
    return NotFoundError(
        f"There is no revision {name}: the latest is {latest}.",
        hint="`clawforge log` lists them.",
        code="unknown-revision",
    )
