"""The UUIDs by which old plugins know what has names here.

They are made of our names (UUID version 5), so that every server gives the same one and nothing has to be kept. The id
of an audit record holds its number: it is read back without a search.
"""

from __future__ import annotations

import uuid

_OURS = uuid.uuid5(uuid.NAMESPACE_URL, "https://clawforge.dev/legacy")
_NUMBER_BITS = 48
_LARGEST = (1 << _NUMBER_BITS) - 1


def org_id(org: str) -> str:
    """The id of an org."""
    return str(uuid.uuid5(_OURS, f"org/{org}"))


def user_id(org: str, user: str) -> str:
    """The id of a person, declared or not."""
    return _of(org, f"user/{user}")


def holder_id(org: str, holder: str) -> str:
    """The id of whoever holds a credential: of a person that of `user_id`."""
    kind, _, name = holder.partition(":")
    return user_id(org, name) if kind == "user" else _of(org, f"holder/{holder}")


def thing_id(org: str, kind: str, name: str) -> str:
    """The id of anything else of an org, such as a token or a submission."""
    return _of(org, f"{kind}/{name}")


def event_id(org: str, seq: int) -> str:
    """The id of an audit record."""
    return str(uuid.UUID(int=(_audit(org) & ~_LARGEST) | seq))


def event_number(org: str, text: str) -> int | None:
    """The number of the audit record with this id; None for what is no id of a record of this org."""
    try:
        value = uuid.UUID(text).int
    except ValueError:
        return None
    number = value & _LARGEST
    return number if number and value & ~_LARGEST == _audit(org) & ~_LARGEST else None


def _of(org: str, path: str) -> str:
    return str(uuid.uuid5(uuid.UUID(org_id(org)), path))


def _audit(org: str) -> int:
    return uuid.uuid5(uuid.UUID(org_id(org)), "audit").int
