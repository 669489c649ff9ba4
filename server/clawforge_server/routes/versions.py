"""Which machines run the versions that they should."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.fleet_selector import FleetSelector, parse_selector
from clawforge.wire_versions import VersionReport
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.service.version_report import report_versions

SELECT = Parameter(
    "select",
    "Only machines that fit: conditions such as user=ann, tag:env=prod or version:host<2026.9, separated by commas.",
    repeated=True,
)


def selector_of(call: Call) -> FleetSelector:
    """The machines that the request chooses. Raises InputError."""
    return parse_selector(call.request.query_params.getlist("select"))


async def report(call: Call) -> Response:
    """Counts, and the first offenders."""
    selector, plan = selector_of(call), call.query("plan")
    limit = call.number("limit", 100, low=0, high=1_000) or 0
    return json_answer(
        await call.run(lambda: report_versions(call.plane, call.who, call.org, selector, plan=plan, limit=limit))
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/versions",
        "Which machines run the versions that they should, now or under a plan.",
        report,
        VersionReport,
        "instances:read",
        parameters=(
            SELECT,
            Parameter("plan", "Id of a plan: who would fall out of range if it were applied. Needs plans:read too."),
            Parameter("limit", "How many offenders to name, 0 to 1,000; 100 if left out."),
        ),
        refusals=(400, 404, 409, 422),
        anywhere=True,
    ),
)
