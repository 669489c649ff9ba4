"""The OpenAPI document lists exactly what the router serves, and its schemas hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
from server_process import company
from starlette.routing import Route

from clawforge_server.app import make_app
from clawforge_server.routes.legacy.boundary import PREFIX
from clawforge_server.routes.legacy.table import LEGACY_ENDPOINTS


def document(api: Any) -> dict[str, Any]:
    body: dict[str, Any] = api.get("/openapi.json", token="").json()
    return body


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_route_is_described(api: Any) -> None:
    served = {
        (route.path, method)
        for route in make_app(api.plane).routes
        if isinstance(route, Route)
        # The old API is described by its recordings: see tests/contract/test_public_wire.py.
        if not route.path.startswith(PREFIX)
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {(path, method.upper()) for path, item in document(api)["paths"].items() for method in item}
    assert served == described


def test_every_other_route_is_one_of_the_old_api(api: Any) -> None:
    served = {route.path for route in make_app(api.plane).routes if isinstance(route, Route)}
    old = {endpoint.path for endpoint in LEGACY_ENDPOINTS}
    assert {path for path in served if path.startswith(PREFIX)} == old | {PREFIX + "/{rest:path}"}


def test_the_document_is_well_formed(api: Any) -> None:
    body = document(api)
    assert body["openapi"].startswith("3.1")
    schemas = body["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in references(body):
        assert reference.removeprefix("#/components/schemas/") in schemas
    identifiers = [operation["operationId"] for item in body["paths"].values() for operation in item.values()]
    assert len(identifiers) == len(set(identifiers))
    for path, item in body["paths"].items():
        for operation in item.values():
            given = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
            assert given == set(re.findall(r"\{(\w+)\}", path))
            assert all(status.isdigit() and part["description"] for status, part in operation["responses"].items())


def test_answers_keep_to_their_schemas(api: Any) -> None:
    api.apply(company())
    api.enroll()
    body = document(api)
    for path in (
        "/v1/orgs/{org}/state",
        "/v1/orgs/{org}/revisions",
        "/v1/orgs/{org}/instances",
        "/v1/orgs/{org}/enrollments",
        "/v1/orgs/{org}/tokens",
        "/v1/orgs/{org}/audit",
        "/v1/orgs/{org}/keys",
    ):
        content = body["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**content["schema"], "components": body["components"]}
        jsonschema.validate(api.get(path.format(org="acme")).json(), schema)
