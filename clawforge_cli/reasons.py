"""What people say on the command line about why they do something."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from clawforge.errors import InputError
from clawforge.resource.meta import Reason

_LONGEST = 4096


def said(reason: str | None) -> str | None:
    """The reason, which may be left out. Raises InputError for one that says nothing, or more than is kept."""
    if reason is None:
        return None
    try:
        return TypeAdapter(Reason).validate_python(reason)
    except ValidationError as error:
        raise InputError(
            "--reason must say something, in text without control characters.",
            hint=f"At most {_LONGEST:,} characters are kept.",
        ) from error
