"""The description of the API for programs."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from clawforge_server.endpoint import Call, Endpoint
from clawforge_server.openapi import openapi_document


async def document(call: Call) -> Response:
    """OpenAPI 3.1."""
    # The table lists this route as well, so it can be read only once everything is imported.
    from clawforge_server.routes.table import ENDPOINTS as TABLE

    return Response(orjson.dumps(openapi_document(TABLE)), media_type="application/json")


ENDPOINTS = (Endpoint("GET", "/openapi.json", "This description.", document, None),)
