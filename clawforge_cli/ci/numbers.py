"""Numbers of changes, as services write them."""

from __future__ import annotations

import re

from clawforge.errors import InputError

_NUMBER = re.compile(r"[1-9][0-9]{0,17}")


def number_of(text: str | None, where: str) -> int:
    """The number of a change request. Raises InputError; `where` names what should have held one."""
    if text is None or _NUMBER.fullmatch(text) is None:
        raise InputError(f"{where} does not hold the number of a change request.")
    return int(text)
