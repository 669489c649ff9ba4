"""What `clawforge blame` is asked about: the call of a user, or a field of a resource."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_ROOTS = ("spec", "metadata")


@dataclass(frozen=True, slots=True)
class FieldWords:
    """A resource, one field of it or all, and the project directory."""

    address: str
    field: str | None
    path: Path


def field_words(about: str, what: str | None, path: Path) -> FieldWords | None:
    """The resource and field that are asked about; None for a question about a user's call.

    An address of a user is both: with a tool it is a question about a call. Where no field is named, the project
    directory may stand in its place. Raises InputError for what is no address.
    """
    if "/" not in about:
        return None
    from clawforge.resource.address import checked_address

    is_field = what is not None and what.partition(".")[0].partition("[")[0] in _ROOTS
    if about.startswith("User/") and what is not None and not is_field:
        return None
    if what is not None and not is_field and path == Path() and (Path(what) / "clawforge.yaml").is_file():
        return FieldWords(checked_address(about), None, Path(what))
    return FieldWords(checked_address(about), what, path)
