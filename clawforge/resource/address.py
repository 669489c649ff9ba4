"""Addresses of resources, as people write them."""

from __future__ import annotations

from clawforge.errors import InputError
from clawforge.resource.meta import Ref
from clawforge.resource.registry import BY_KIND
from clawforge.spelling import nearest


def checked_address(text: str) -> str:
    """The address. Raises InputError for what names no kind of resource."""
    try:
        ref = Ref.parse(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no address of a resource.", hint="Write kind and name: Policy/engineering."
        ) from error
    if ref.kind not in BY_KIND:
        guess = nearest(ref.kind, BY_KIND)
        hint = f"Did you mean {guess}/{ref.name}?" if guess else f"Kinds are {', '.join(BY_KIND)}."
        raise InputError(f"There is no kind {ref.kind!r}.", hint=hint)
    return text
