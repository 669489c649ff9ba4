"""OpenAPI 3.1 from the table of endpoints and the models of the wire: nothing is described twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from clawforge import __version__
from clawforge.resource.meta import Strict
from clawforge.wire import PROBLEM_MEDIA_TYPE, Problem
from clawforge_server.endpoint import Endpoint, Parameter

_TEMPLATE = "#/components/schemas/{model}"
_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
_MEANINGS = {
    200: "Done.",
    201: "Made.",
    204: "Done; no content.",
    304: "Nothing changed; the lease is in the header.",
    400: "Malformed.",
    401: "Not authenticated.",
    403: "Not allowed.",
    404: "Not found.",
    408: "The body came too slowly.",
    409: "Conflict: the world moved, or the name is taken.",
    413: "Too large.",
    415: "Not JSON.",
    422: "Understood and refused.",
    428: "If-Match is missing.",
    429: "Too many requests; wait as long as Retry-After says.",
    503: "Not available now.",
}


def openapi_document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The whole document."""
    models = sorted(
        {model for item in endpoints for model in (item.answer, item.request) if model is not None} | {Problem},
        key=lambda model: model.__name__,
    )
    names, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_TEMPLATE)
    references = {model: names[model, "validation"] for model in models}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "clawforge control plane",
            "version": __version__,
            "description": "Plans and applies policies, and serves agents their signed effective policy.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(endpoint: Endpoint, references: dict[type[Strict], Any]) -> dict[str, Any]:
    parameters = [_path_parameter(name) for name in _PATH_PARAMETER.findall(endpoint.path)]
    parameters += [_parameter(parameter) for parameter in endpoint.parameters]
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": _responses(endpoint, references),
    }
    if endpoint.request is not None:
        content = {"application/json": {"schema": references[endpoint.request]}}
        operation["requestBody"] = {"required": True, "content": content}
    if endpoint.takes_bearer:
        operation["security"] = [{"bearer": []}]
    if endpoint.permission is not None:
        operation["x-permission"] = endpoint.permission
        if endpoint.own is not None:
            operation["x-own"] = endpoint.own
    return operation


def _responses(endpoint: Endpoint, references: dict[type[Strict], Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": _MEANINGS[endpoint.status]}
    if endpoint.answer is not None:
        done["content"] = {"application/json": {"schema": references[endpoint.answer]}}
    elif endpoint.status != 204:
        done["content"] = {"application/json": {"schema": {"type": "object"}}}
    responses = {str(endpoint.status): done}
    statuses = set(endpoint.refusals)
    statuses |= {401, 403} if endpoint.takes_bearer else set()
    statuses |= {404} if endpoint.takes_bearer and "{org}" in endpoint.path else set()
    statuses |= {400} if endpoint.parameters else set()
    statuses |= {400, 408, 413, 415, 422, 503} if endpoint.request is not None else set()
    statuses |= set() if endpoint.free else {429}
    for status in sorted(statuses):
        responses[str(status)] = {"description": _MEANINGS[status]}
        if status != 304:
            content = {PROBLEM_MEDIA_TYPE: {"schema": references[Problem]}}
            responses[str(status)]["content"] = content
    return responses


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if parameter.repeated:
        schema = {"type": "array", "items": schema}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "description": parameter.description,
        "schema": schema,
    }


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"[A-Za-z]+", endpoint.path.removeprefix("/v1"))
    return "-".join([endpoint.method.lower(), *words])
