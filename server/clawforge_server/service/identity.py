"""Who the caller is, and what the credential is good for."""

from __future__ import annotations

from clawforge.access.rights import Right, Scope
from clawforge.errors import ForbiddenError
from clawforge.wire_identity import RightView, ScopeView, WhoAmI
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane


def who_am_i(plane: ControlPlane, who: Principal, org: str) -> WhoAmI:
    """The caller's own rights in an org. Raises NotFoundError for an org that does not exist."""
    state = plane.states.get(org)
    if who.kind == "instance":
        raise ForbiddenError("An agent's credential has no rights here.", code="agent-credential")
    groups = state.access.groups_of_user(who.name, who.claims) if who.kind == "user" else frozenset()
    return WhoAmI(
        org=org,
        principal=who.actor,
        kind=who.kind,
        credential=who.credential,
        scopes=who.scopes,
        expires_at=who.expires_at,
        groups=tuple(sorted(groups)),
        rights=tuple(_right(right) for right in who.rights.rights),
    )


def _right(right: Right) -> RightView:
    return RightView(permission=right.permission, scope=_scope(right.scope), via=right.via)


def _scope(scope: Scope) -> ScopeView:
    return ScopeView(
        groups=_names(scope.groups),
        kinds=_names(scope.kinds),
        sources=_names(scope.sources),
        environments=_names(scope.environments),
    )


def _names(names: frozenset[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(sorted(names))
