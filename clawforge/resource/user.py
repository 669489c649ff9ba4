"""User: a person."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from clawforge.resource.meta import Email, Resource, Strict, Text


class UserState(StrEnum):
    """A suspended user keeps the name and gets nothing."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class UserSpec(Strict):
    """`email` is unique in the org."""

    email: Email
    """The address that the person signs in with; unique in the org, kept in lower case."""
    display_name: Text = ""
    """The name that people read."""
    state: UserState = UserState.ACTIVE
    """Whether the person may work with assistants at all."""


class User(Resource):
    """A person whose agents are governed."""

    kind: Literal["User"] = "User"
    spec: UserSpec
