"""Reconcilers: who keeps an org equal to git, and how that goes."""

from __future__ import annotations

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from clawforge.access.permission import RUN_RECONCILER
from clawforge.reconcile.fence import Fence, FenceNumber
from clawforge.resource.meta import Name
from clawforge.wire_overlays import OverlayEnding
from clawforge.wire_reconcile import (
    AcknowledgementRequest,
    LeaseRequest,
    ReconcilerLease,
    ReconcilerList,
    ReconcilerReport,
    ReconcilerSuspensionRequest,
    ReconcilerView,
)
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.problems import HttpError
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.reconciler_leasing import (
    LEASE_HELD,
    release_lease,
    renewed_lease,
    take_lease,
    take_report,
)
from clawforge_server.service.reconcilers import (
    READ,
    acknowledge_history,
    forget_reconciler,
    list_reconcilers,
    suspend_reconciler,
    want_cycle,
)

_MANAGE = "reconcilers:manage"
_ONE = "/v1/orgs/{org}/reconcilers/{name}"
_REPORT_BODY = 64 * 1024
_HIGHEST = 2**53 - 1
_NAME: TypeAdapter[str] = TypeAdapter(Name)


def _name(call: Call) -> str:
    try:
        return _NAME.validate_python(call.path("name"))
    except ValidationError as error:
        raise HttpError(
            404,
            "unknown-reconciler",
            "The name of a reconciler is made of lower-case letters, digits and dashes.",
            hint="Such as `main`.",
        ) from error


async def listing(call: Call) -> Response:
    """Every reconciler."""
    return json_answer(await call.run(lambda: list_reconcilers(call.plane, call.org)))


async def lease(call: Call) -> Response:
    """Take or keep a lease; keeping it waits for nobody, however long somebody's apply takes."""
    name, request = _name(call), parse_body(LeaseRequest, call.body)
    kept = renewed_lease(call.plane, call.who, call.org, name, request)
    if kept is not None:
        return json_answer(kept)
    return json_answer(
        await call.run(lambda: take_lease(call.plane, call.who, call.org, name, request, origin=call.origin))
    )


async def release(call: Call) -> Response:
    """Give a lease back."""
    number: FenceNumber | None = call.number("fence", None, low=1, high=_HIGHEST)
    if number is None:
        raise HttpError(400, "bad-parameter", "The parameter fence must say which lease is given back.")
    fence = Fence(reconciler=_name(call), number=number)
    return json_answer(await call.run(lambda: release_lease(call.plane, call.who, call.org, fence, origin=call.origin)))


async def report(call: Call) -> Response:
    """How the last cycle went."""
    name, said = _name(call), parse_body(ReconcilerReport, call.body)
    return json_answer(
        await call.run(lambda: take_report(call.plane, call.who, call.org, name, said, origin=call.origin))
    )


async def suspend(call: Call) -> Response:
    """Stop or resume one."""
    name, request = _name(call), parse_body(ReconcilerSuspensionRequest, call.body)
    return json_answer(
        await call.run(lambda: suspend_reconciler(call.plane, call.who, call.org, name, request, origin=call.origin))
    )


async def acknowledge(call: Call) -> Response:
    """Accept a rewritten history."""
    name, request = _name(call), parse_body(AcknowledgementRequest, call.body)
    return json_answer(
        await call.run(lambda: acknowledge_history(call.plane, call.who, call.org, name, request, origin=call.origin))
    )


async def forget(call: Call) -> Response:
    """Forget one that nobody runs."""
    name = _name(call)
    reason = parse_body(OverlayEnding, orjson.dumps({"reason": call.query("reason")})).reason
    return json_answer(
        await call.run(lambda: forget_reconciler(call.plane, call.who, call.org, name, reason, origin=call.origin))
    )


async def want(call: Call) -> Response:
    """Have one look at git now."""
    name = _name(call)
    return json_answer(await call.run(lambda: want_cycle(call.plane, call.who, call.org, name, origin=call.origin)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/orgs/{org}/reconcilers",
        "Every reconciler that ever held a lease, and how its last cycle went.",
        listing,
        ReconcilerList,
        READ,
        refusals=(404,),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/lease",
        "Take the lease of a reconciler, or keep it: one process works, and its fence proves that it still may.",
        lease,
        ReconcilerLease,
        RUN_RECONCILER,
        LeaseRequest,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
        ordinary=(LEASE_HELD,),
    ),
    Endpoint(
        "DELETE",
        f"{_ONE}/lease",
        "Give the lease of a reconciler back.",
        release,
        ReconcilerView,
        RUN_RECONCILER,
        parameters=(Parameter("fence", "The number of the lease.", required=True),),
        refusals=(404, 409),
    ),
    Endpoint(
        "PUT",
        f"{_ONE}/status",
        "Say how the last cycle of a reconciler went, while one holds its lease.",
        report,
        ReconcilerView,
        RUN_RECONCILER,
        ReconcilerReport,
        body_limit=_REPORT_BODY,
        refusals=(404, 409, 422),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/suspension",
        "Stop a reconciler from applying anything, or have it go on.",
        suspend,
        ReconcilerView,
        _MANAGE,
        ReconcilerSuspensionRequest,
        body_limit=TINY_BODY,
        refusals=(404, 409, 422),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/acknowledgement",
        "Accept that the history of a reconciler's branch was rewritten, up to exactly one head.",
        acknowledge,
        ReconcilerView,
        _MANAGE,
        AcknowledgementRequest,
        body_limit=TINY_BODY,
        refusals=(404, 422),
    ),
    Endpoint(
        "POST",
        f"{_ONE}/wanted",
        "Have a reconciler look at git now.",
        want,
        ReconcilerView,
        _MANAGE,
        refusals=(404,),
    ),
    Endpoint(
        "DELETE",
        _ONE,
        "Forget a reconciler that nobody runs any more.",
        forget,
        ReconcilerView,
        _MANAGE,
        parameters=(Parameter("reason", "Why; it is kept in the log.", required=True),),
        refusals=(404, 409, 422),
    ),
)
