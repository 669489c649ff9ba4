"""What agents ask: to enrol, for their policy, and whether they are still up to date.

Who an agent is comes from its credential alone; there is no parameter that names an instance.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re

from starlette.responses import Response

from clawforge.dsse import Envelope, envelope_json
from clawforge.errors import InputError, UnauthenticatedError
from clawforge.lease import lease_header, sign_lease
from clawforge.wire import (
    HEADER_ACKNOWLEDGED,
    HEADER_LEASE,
    HEADER_MESSAGE,
    HEADER_REVISION,
    HEADER_SERIAL,
    Heartbeat,
    HeartbeatAnswer,
    PolicyAnswer,
)
from clawforge.wire_enrollment import CredentialAnswer, EnrollAnswer, EnrollRequest
from clawforge_server.auth.admission import admit_instance, recognise_instance
from clawforge_server.auth.authenticator import bearer_token
from clawforge_server.auth.principal import instance_principal
from clawforge_server.auth.secrets import credential_hash
from clawforge_server.endpoint import Call, Endpoint, Parameter, json_answer
from clawforge_server.request_body import TINY_BODY, parse_body
from clawforge_server.service.enrolling import enroll
from clawforge_server.service.fleet_messages import signed_messages
from clawforge_server.service.instance_credentials import offer_credential
from clawforge_server.state.bundle_cache import signed_lease
from clawforge_server.state.offers import Offer, known_offer, lease_of, offer_to
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord, InstanceReport

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_SERIAL = re.compile(r"^[0-9]{1,15}$")
_LONGEST_WAIT = 30
_MOST_VERSIONS = 32
_LONGEST_VERSION = 200


async def enrol(call: Call) -> Response:
    """Use an enrolment token."""
    call.plane.failures.check(call.address)
    request = parse_body(EnrollRequest, call.body)
    _check_versions(request.versions)
    try:
        answer: EnrollAnswer = await call.run(lambda: enroll(call.plane, request, origin=call.origin))
    except UnauthenticatedError:
        call.plane.failures.failed(call.address)
        raise
    return json_answer(answer, 201)


async def policy(call: Call) -> Response:
    """The bundle if it is not the one that the agent holds; a fresh lease in any case."""
    plane = call.plane
    instance = await admit_instance(call)
    wait = call.number("wait", 0, low=0, high=_LONGEST_WAIT) or 0
    acknowledged = call.request.headers.get(HEADER_ACKNOWLEDGED, "")
    plane.reports.note(instance, plane.clock.now(), acknowledged if _DIGEST.fullmatch(acknowledged) else None)
    await load_messages(call, instance)
    # A proxy that compresses may weaken the tag; what it names stays the same (RFC 9110, 13.1.2).
    held = {tag.strip().removeprefix("W/") for tag in call.request.headers.get("if-none-match", "").split(",")}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    told: Offer | None = None
    begun = plane.refreshes.mark(instance.org, instance.name)
    while True:
        # The event first, then the identity and the state: whatever changes after either was looked at wakes us, the
        # revocation of this very instance included.
        news = plane.wakeups.event(instance.org)
        instance = await recognise_instance(plane, call.request, call.address)
        instance, state, offer = await _present(call, instance)
        if f'"{offer.digest}"' not in held:
            return await _whole(call, instance, state)
        if told is None:
            # There may have been news before the agent began to wait: of a kill, perhaps.
            told = offer if _seen(call) in (None, offer.serial) else None
        if told is not None and offer.overlays != told.overlays:
            # What is lifted stands in the bundle, beside what its digest covers.
            return await _whole(call, instance, state)
        left = deadline - loop.time()
        if (
            # The policy is the same, and the lease says that something was killed, or goes on again.
            told is None
            or offer.kill != told.kill
            or plane.refreshes.mark(instance.org, instance.name) != begun
            or left <= 0
            or plane.wakeups.closed
        ):
            return _unchanged(call, instance, state, offer)
        try:
            await asyncio.wait_for(news.wait(), left)
        except TimeoutError:
            continue


def _seen(call: Call) -> int | None:
    """The newest serial that the agent has seen; None if it does not say."""
    text = call.request.headers.get(HEADER_SERIAL, "")
    return int(text) if _SERIAL.fullmatch(text) else None


async def rotate(call: Call) -> Response:
    """Offer the credential that takes the place of the present one."""
    plane = call.plane
    instance = await admit_instance(call)
    shown = credential_hash(bearer_token(call.request.headers.get("authorization")))
    origin = call.origin_of(instance_principal(instance.org, instance.name))
    return json_answer(await call.run(lambda: offer_credential(plane, instance, shown, origin=origin)), 201)


async def heartbeat(call: Call) -> Response:
    """Take an agent's report, and tell it what it should hold."""
    plane = call.plane
    instance = await admit_instance(call)
    report = parse_body(Heartbeat, call.body)
    check_heartbeat(report)
    plane.reports.take(reported(instance, report, plane.clock.now()))
    await load_messages(call, instance)
    if report.noted:
        plane.messages.note_told(instance.org, instance.name, report.noted, plane.clock.now())
    instance, state, offer = await _present(call, instance)
    lease = _lease(state, instance, offer, plane.clock.now())
    messages = signed_messages(plane, state, instance, plane.clock.now())
    answer = HeartbeatAnswer(
        digest=offer.digest, lease=envelope_json(lease), messages=tuple(map(envelope_json, messages))
    )
    body = answer.model_dump_json(by_alias=True, exclude=None if messages else {"messages"})
    return Response(body, 200, {"Cache-Control": "no-store"}, "application/json")


async def load_messages(call: Call, instance: InstanceRecord) -> None:
    """Have what waits for the instance's person in memory."""
    plane, now = call.plane, call.plane.clock.now()
    if plane.messages.peek(instance.org, instance.name, now) is None:
        await call.run(lambda: plane.messages.load(instance.org, now))


def check_heartbeat(report: Heartbeat) -> None:
    """Raise InputError for what the model does not see."""
    _check_versions(report.versions)
    if report.acknowledged is not None and not _DIGEST.fullmatch(report.acknowledged):
        raise InputError("`acknowledged` must be the digest of a bundle.", code="invalid-request")


def reported(instance: InstanceRecord, said: Heartbeat, now: dt.datetime) -> InstanceReport:
    """What is kept of a heartbeat."""
    given = said.model_fields_set
    return InstanceReport(
        org=instance.org,
        name=instance.name,
        last_seen=now,
        acknowledged=said.acknowledged,
        versions=said.versions if "versions" in given else None,
        started_at=now - dt.timedelta(seconds=said.uptime) if "uptime" in given else None,
        last_exit=said.last_exit,
        crashes=said.crashes if "crashes" in given else None,
        channels=said.channels if "channels" in given else None,
    )


async def _present(call: Call, instance: InstanceRecord) -> tuple[InstanceRecord, OrgState, Offer]:
    """The instance, the state of its org, and what that offers to it: from memory on the event loop, unless something
    has to be read or worked out first.

    A machine that got other tags meanwhile is looked at anew: what holds for the old one must not be served under the
    serial that the new ones have.
    """
    plane = call.plane
    while True:
        state = await _state_of(call, instance.org)
        if plane.instances.peek(instance.sha256) is instance:
            break
        instance = await recognise_instance(plane, call.request, call.address)
    present, known = state, instance
    # Whoever was offered the same before a serial was raised is answered without building a bundle.
    offer = known_offer(present, known)
    if offer is None:
        offer = await call.run(lambda: offer_to(present, known))
    return known, present, offer


async def _state_of(call: Call, org: str) -> OrgState:
    found = call.plane.states.peek(org)
    return await call.run(lambda: call.plane.states.get(org)) if found is None else found


async def _whole(call: Call, instance: InstanceRecord, state: OrgState) -> Response:
    bundle = call.plane.bundles.peek(state, instance)
    if bundle is None:
        bundle = await call.run(lambda: call.plane.bundles.get(state, instance))
    lease = signed_lease(state, bundle, call.plane.clock.now())
    headers = _headers(call, instance, bundle.digest, bundle.issues[0].revision, lease)
    return Response(bundle.body, 200, headers, "application/json")


def _unchanged(call: Call, instance: InstanceRecord, state: OrgState, offer: Offer) -> Response:
    lease = _lease(state, instance, offer, call.plane.clock.now())
    return Response(status_code=304, headers=_headers(call, instance, offer.digest, offer.revision, lease))


def _lease(state: OrgState, instance: InstanceRecord, offer: Offer, now: dt.datetime) -> Envelope:
    if state.keys is None:
        raise LookupError("an org with a policy has keys")
    return sign_lease(lease_of(instance.org, instance.name, offer, now), state.keys.online)


def _headers(call: Call, instance: InstanceRecord, digest: str, revision: int, lease: Envelope) -> dict[str, str]:
    headers = {
        "ETag": f'"{digest}"',
        HEADER_LEASE: lease_header(lease),
        HEADER_REVISION: str(revision),
        "Cache-Control": "no-store",
    }
    newest = call.plane.messages.newest(instance.org, instance.name, call.plane.clock.now())
    if newest:
        headers[HEADER_MESSAGE] = str(newest)
    return headers


def _check_versions(versions: dict[str, str]) -> None:
    long = any(len(name) + len(version) > _LONGEST_VERSION for name, version in versions.items())
    if len(versions) > _MOST_VERSIONS or long:
        raise InputError("`versions` holds too much.", code="invalid-request")


_HOLDS = Parameter("If-None-Match", "The digest of the held bundle, in quotes.", "header")
_SAW = Parameter(
    HEADER_SERIAL, "The newest serial that the agent has seen; with another one it does not wait.", "header"
)
_ENFORCES = Parameter(HEADER_ACKNOWLEDGED, "The digest of the bundle that is enforced.", "header")

ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/enroll",
        "Use an enrolment token: get an identity, a credential, and the root key to pin.",
        enrol,
        EnrollAnswer,
        None,
        EnrollRequest,
        status=201,
        body_limit=TINY_BODY,
        refusals=(401, 409, 422),
    ),
    Endpoint(
        "GET",
        "/v1/agent/policy",
        "The agent's signed bundle, or 304 if it holds it; a fresh lease in a header of both.",
        policy,
        PolicyAnswer,
        parameters=(_HOLDS, _ENFORCES, _SAW, Parameter("wait", "Seconds to wait for a change, up to 30.")),
        refusals=(304,),
    ),
    Endpoint(
        "POST",
        "/v1/agent/credential",
        "A new credential for the instance; the present one works until the new one is used.",
        rotate,
        CredentialAnswer,
        status=201,
        refusals=(403,),
    ),
    Endpoint(
        "POST",
        "/v1/agent/heartbeat",
        "An agent's report about itself.",
        heartbeat,
        HeartbeatAnswer,
        None,
        Heartbeat,
        body_limit=TINY_BODY,
        refusals=(422,),
    ),
)
