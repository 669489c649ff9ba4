"""An org, as the old console shows it; what it says about itself is kept in git."""

from __future__ import annotations

from starlette.responses import Response

from clawforge_server.routes.legacy.endpoint import READER, LegacyCall, LegacyEndpoint, answer
from clawforge_server.service.legacy.console_org import organization_document, refuse_organization


async def show(call: LegacyCall) -> Response:
    """One org."""
    return answer(await call.run(lambda: organization_document(call.plane, call.org)))


async def write(call: LegacyCall) -> Response:
    """Refused: the org is declared in the files."""
    raise await call.run(lambda: refuse_organization(call.plane, call.org))


_ORG = "/api/v1/organizations/{org}"

ENDPOINTS = (
    LegacyEndpoint("GET", _ORG, show, "state:read", READER),
    LegacyEndpoint("PUT", _ORG, write, "plans:apply"),
)
