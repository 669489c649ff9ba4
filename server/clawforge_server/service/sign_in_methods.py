"""How people sign in to an org."""

from __future__ import annotations

from clawforge.resource.organization import Organization, OrganizationSpec
from clawforge.wire_identity import OidcSignIn, SignInMethods
from clawforge_server.control_plane import ControlPlane
from clawforge_server.state.org_state import OrgState


def organization(plane: ControlPlane, org: str) -> OrganizationSpec:
    """What the org says about itself; nothing for one that does not exist: whether it does is told to nobody."""
    return organization_of(plane.states.find(org))


def organization_of(state: OrgState | None) -> OrganizationSpec:
    """What a state of an org says about it; nothing for one that does not exist."""
    found = None if state is None else state.resources.get(f"Organization/{state.name}")
    return found.spec if isinstance(found, Organization) else OrganizationSpec()


def sign_in_methods(plane: ControlPlane, org: str) -> SignInMethods:
    """What a program that signs people in needs to know; nothing of it is secret."""
    spec = organization(plane, org)
    oidc = None if spec.sso is None else OidcSignIn(issuer=spec.sso.issuer, client_id=spec.sso.client_id)
    return SignInMethods(oidc=oidc, passwords=spec.passwords.enabled)
