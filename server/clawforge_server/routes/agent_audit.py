"""What agents report of their own events."""

from __future__ import annotations

from starlette.responses import Response

from clawforge.errors import ClawforgeError
from clawforge.wire_audit import UPLOAD_LIMIT, AuditUpload, UploadAnswer
from clawforge_server.auth.admission import admit_instance, recognise_instance
from clawforge_server.endpoint import Call, Endpoint, json_answer
from clawforge_server.problems import status_of
from clawforge_server.request_body import read_json, strict_json
from clawforge_server.service.audit_intake import read_upload, take_events
from clawforge_server.service.audit_trail import record_refusal

_ACTION = "agent:report"


async def report(call: Call) -> Response:
    """Take events in; the answer is sent once they are durable."""
    plane = call.plane
    # Who sends is known before the body is read: it may be large.
    instance = await admit_instance(call)
    try:
        body = await read_json(call.request, UPLOAD_LIMIT, call.place)
        # It may have taken longer than a revocation may.
        instance = await recognise_instance(plane, call.request, call.address)

        def work() -> UploadAnswer:
            return take_events(plane, instance, read_upload(strict_json(body)), origin=call.origin)

        return json_answer(await call.run(work))
    except ClawforgeError as error:
        if status_of(error) < 500:
            actor, code, now = f"instance:{instance.name}", error.code, plane.clock.now()
            await call.run(
                lambda: record_refusal(plane.store, instance.org, now, actor, _ACTION, code, origin=call.origin)
            )
        raise


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/agent/audit",
        "An agent's events. Sending them again is harmless; the answer says what is durable and what is missing.",
        report,
        UploadAnswer,
        None,
        AuditUpload,
        body_limit=UPLOAD_LIMIT,
        late_body=True,
        refusals=(422, 503),
    ),
)
