"""The fence of a reconciler's lease: a number that only grows, so that who held the lease before cannot write."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from clawforge.resource.meta import Name, Strict

FenceNumber = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Fence(Strict):
    """Which lease somebody writes under. It is good while the lease of this very number is held and not over."""

    reconciler: Name
    number: FenceNumber
