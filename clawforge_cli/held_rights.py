"""The rights that the control plane says one holds, as the library's value."""

from __future__ import annotations

from clawforge.access.rights import Right, Rights, Scope
from clawforge.wire_identity import ScopeView, WhoAmI


def held_rights(found: WhoAmI) -> Rights:
    """What `whoami` answered, to be asked as the server asks it."""
    return Rights(tuple(Right(item.permission, _scope(item.scope), item.via) for item in found.rights))


def _scope(view: ScopeView) -> Scope:
    parts = (view.groups, view.kinds, view.sources, view.environments)
    return Scope(*(None if part is None else frozenset(part) for part in parts))
