"""What `clawforge blame` is asked about: the call of a user, or a field of a resource."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clawforge.errors import InputError

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
    is_field = what is not None and what.partition(".")[0].partition("[")[0] in _ROOTS
    if about.startswith("User/") and what is not None and not is_field:
        return None
    if what is not None and not is_field and path == Path() and (Path(what) / "clawforge.yaml").is_file():
        return FieldWords(_checked(about), None, Path(what))
    return FieldWords(_checked(about), what, path)


def _checked(address: str) -> str:
    from clawforge.resource.meta import Ref
    from clawforge.resource.registry import BY_KIND
    from clawforge.spelling import nearest

    try:
        ref = Ref.parse(address)
    except ValueError as error:
        raise InputError(
            f"{address!r} is no address.", hint="Addresses are written Kind/name, such as Policy/engineering."
        ) from error
    if ref.kind not in BY_KIND:
        guess = nearest(ref.kind, BY_KIND)
        hint = f"Did you mean {guess}/{ref.name}?" if guess else f"Kinds are {', '.join(BY_KIND)}."
        raise InputError(f"There is no kind {ref.kind!r}.", hint=hint)
    return address
