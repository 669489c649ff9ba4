"""An agent's server, or what stands in its place over real sockets: down, slow, broken, a proxy, a thief."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from http.server import BaseHTTPRequestHandler
from itertools import cycle

from agent_server import AgentServer
from signing_world import DEV, NOON, SigningWorld

from clawforge.dsse import envelope_json, read_envelope
from clawforge.lease import lease_header
from clawforge.resolve.subject import Subject
from clawforge.trust import Answer

STALL = 0.15
"""Seconds between two bytes of a slow answer, and less than an agent of these tests waits."""


class Fault(StrEnum):
    """What is wrong."""

    DOWN = "server down"
    EMPTY = "empty {}"
    SLOW = "slow"
    OLD = "old"
    FORGED = "forged"
    ERROR = "500"
    HTML = "HTML"


@dataclass(frozen=True)
class Wrong:
    """An answer that no agent should act on. Without a status the connection just ends; `drip` sends it too slowly."""

    status: int | None
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    drip: bool = False


HTML = b"<html><title>Sign in to the network</title><script>kill = []</script></html>"


def answered(answer: Answer, *, lease: bool = True) -> Wrong:
    """A genuine or forged answer in the protocol's own form."""
    header = (("ClawForge-Lease", lease_header(read_envelope(answer.lease))),) if lease else ()
    if answer.bundle is None:
        return Wrong(304, headers=header)
    return Wrong(200, json.dumps({"keys": answer.keys, "bundle": answer.bundle}).encode(), header)


def wrongs(fault: Fault, recorded: tuple[Answer, ...], present: SigningWorld) -> tuple[Wrong, ...]:
    """Every spelling of a fault. `recorded` are genuine answers of the past, `present` is what the server would say."""
    old = [answered(answer) for answer in recorded]
    leases = [dict(item.headers)["ClawForge-Lease"] for item in old]
    match fault:
        case Fault.DOWN:
            return (Wrong(None),)
        case Fault.EMPTY:
            with_lease = tuple(Wrong(200, b"{}", (("ClawForge-Lease", text),)) for text in leases)
            return (Wrong(200, b"{}"), Wrong(200), Wrong(304), Wrong(200, b"null"), Wrong(200, b"[]"), *with_lease)
        case Fault.SLOW:
            return (Wrong(200, b"{" + b" " * 8, drip=True), replace(old[-1], drip=True))
        case Fault.OLD:
            return tuple(old)
        case Fault.FORGED:
            return tuple(_forgeries(recorded, present))
        case Fault.ERROR:
            problem = json.dumps({"title": "broken", "status": 500, "code": "internal", "detail": "x"}).encode()
            broken = [Wrong(500, item.body, item.headers) for item in old]
            return (Wrong(500, problem), Wrong(500), Wrong(503, b"", (("Retry-After", "1"),)), *broken)
        case Fault.HTML:
            page, sign_in = (("Content-Type", "text/html"),), (("Location", "http://127.0.0.1:1/login"),)
            dressed = [Wrong(200, HTML, (*page, *item.headers)) for item in old]
            return (Wrong(200, HTML, page), Wrong(302, b"", sign_in), Wrong(304, headers=page), *dressed)


def _forgeries(recorded: tuple[Answer, ...], world: SigningWorld) -> Iterator[Wrong]:
    """Whatever somebody could send who holds no key of the org, and says that everything is allowed."""
    thief = SigningWorld(org=world.org)
    thief.root, thief.counters = world.root, world.counters._replace(serial=world.counters.serial + 5)
    thief.online = SigningWorld(org="thief").online
    stolen = thief.full(DEV, NOON)
    genuine_keys = envelope_json(world.keys(NOON))
    # Its own key, under the org's key set; then with a key set that another root signed.
    yield answered(replace(stolen, keys=genuine_keys))
    other_root = SigningWorld(org="thief")
    yield answered(replace(stolen, keys=envelope_json(other_root.keys(NOON))))
    # Genuine envelopes with other content, and with no signature at all.
    for answer in recorded:
        for spoilt in ({"payload": _payload(stolen.lease)}, {"signatures": []}):
            yield _lenient({**_dict(answer.lease), **spoilt}, answer)
        if answer.bundle is not None:
            other_bundle = {**_dict(answer.bundle), "payload": _payload(stolen.bundle)}
            yield answered(replace(answer, bundle=other_bundle))
    # Genuine, for another machine and for another org.
    neighbour = Subject(user="dev", instance="i-2")
    yield answered(world.full(neighbour, NOON))
    yield answered(SigningWorld(org="other").full(DEV, NOON))


def _dict(envelope: object) -> dict[str, object]:
    assert isinstance(envelope, dict)
    return envelope


def _payload(envelope: object) -> object:
    return _dict(envelope)["payload"]


def _lenient(lease: dict[str, object], answer: Answer) -> Wrong:
    """A lease that our own writer would refuse to write."""
    from base64 import urlsafe_b64encode

    from clawforge.canonical import canonical_bytes

    header = (("ClawForge-Lease", urlsafe_b64encode(canonical_bytes(lease)).decode().rstrip("=")),)
    return replace(answered(replace(answer, bundle=None), lease=False), headers=header)


class FaultyServer(AgentServer):
    """Serves its world until it is told to answer with `wrong` ones, one after the other."""

    def __init__(self, world: SigningWorld, subject: Subject = DEV) -> None:
        self.wrong: Iterator[Wrong] | None = None
        self.honest_answers = 0
        super().__init__(world, subject)
        self._server.RequestHandlerClass = _faulty(self, self._server.RequestHandlerClass)  # type: ignore[arg-type]

    def answer_with(self, wrong: tuple[Wrong, ...] | None) -> None:
        """From now on; None for the truth."""
        self.wrong = cycle(wrong) if wrong else None


def _faulty(server: FaultyServer, honest: type[BaseHTTPRequestHandler]) -> type[BaseHTTPRequestHandler]:
    class Handler(honest):  # type: ignore[valid-type, misc]
        def do_GET(self) -> None:
            if server.wrong is None:
                super().do_GET()
                server.honest_answers += 1
                return
            self.close_connection = True
            wrong = next(server.wrong)
            server.polls.append(dict(self.headers))
            if wrong.status is None:
                return
            self.send_response(wrong.status)
            for name, value in wrong.headers:
                self.send_header(name, value)
            if wrong.status != 304:
                self.send_header("Content-Length", str(len(wrong.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.flush()
            self._write(wrong)

        def _write(self, wrong: Wrong) -> None:
            if wrong.status == 304:
                return
            if not wrong.drip:
                self.wfile.write(wrong.body)
                return
            with suppress(OSError):  # the agent gives up, as it should
                for position in range(len(wrong.body)):
                    self.connection.sendall(wrong.body[position : position + 1])
                    time.sleep(STALL)

    return Handler
