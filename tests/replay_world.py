"""Small orgs whose policies meet most calls, calls of every shape, and the decider alone to hold answers against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brute_force import CALLS
from hypothesis import strategies as st
from strategies import (
    AGENTS,
    CONTEXTS,
    GROUPS,
    INSTANCES,
    MOMENTS,
    SCHEDULES,
    SECTIONS,
    TAGS,
    USERS,
    orgs,
    resource,
    some,
)

from clawforge.analysis.replay.answers import Enrolment
from clawforge.analysis.replay.recorded_call import RecordedCall
from clawforge.decide.request import Decision
from clawforge.decide.simulate import Simulator
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

PATHS = (
    "~/.ssh/id",
    "/home/alice/.ssh/id",
    "/HOME/bob/x",
    "../../alice/secret",
    "../../../etc/passwd",
    "src/alice",
    "$HOME/notes",
    "$WORKSPACE/secret",
    "~bob/x",
    "file:///%68ome/alice/.env",
    "@/home/carol/x",
    "a\\..\\b",
    "/",
)
CALLABLE: tuple[tuple[str, dict[str, Any]], ...] = (
    *CALLS,
    *((tool, {"path": path}) for tool in ("read", "write", "grep", "plugin-tool") for path in PATHS),
    *(("web_fetch", {"url": f"file://{path}"}) for path in ("/home/alice/x", "/etc/passwd")),
    ("exec", {"command": "ls", "cwd": "/home/alice"}),
)
SECRET = "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\n" * 3
HOME_GLOBS = (
    "/home/alice/**",
    "**/alice",
    "**/b*",
    "~/notes",
    "/home/*/.ssh",
    "**/?????/.env",
    "/*",
    "**/[!a]*/secret",
)
CALLERS = (*USERS, "alice@acme.example", "bob@elsewhere.example", "stranger", "../root", ".", "a b")


# One of each shape: a call may hold any parameters.
PARAMS: tuple[dict[str, Any], ...] = (
    {},
    {"command": "git status"},
    {"command": "rm -rf /"},
    {"command": "$X"},
    {"path": "/home/alice/.ssh/id"},
    {"path": "src/main.py"},
    {"url": "https://example.com/"},
    {"url": "file:///etc/passwd"},
    {"url": "http://10.0.0.1/"},
    {"name": "pdf-tools", "version": "1.0"},
    {"name": "deploy", "source": "registry/acme"},
    {"action": "write", "data": "x"},
    {"code": "x"},
    {"text": SECRET},
)


@st.composite
def calls(draw: st.DrawFn) -> RecordedCall:
    """Who calls when; tool and parameters are put in."""
    groups = draw(st.none() | some(GROUPS, least=0).map(tuple))
    return RecordedCall(
        1,
        draw(st.sampled_from(CALLERS)),
        "exec",
        {},
        draw(MOMENTS),
        draw(st.none() | st.sampled_from(INSTANCES)),
        draw(st.none() | st.sampled_from(AGENTS)),
        draw(st.none() | st.sampled_from(CONTEXTS)),
        groups,
        None if groups is None else tuple(draw(st.dictionaries(st.just("env"), st.sampled_from(TAGS["env"]))).items()),
    )


@st.composite
def states(draw: st.DrawFn) -> list[Resource]:
    """Policies that meet most calls: those of `orgs` match few of these callers."""
    found = draw(orgs(count=2))
    for number in range(draw(st.integers(1, 2))):
        whom = draw(st.sampled_from(("everyone", {"users": ["alice", "bob"]}, {"groups": ["eng"]})))
        spec = {"appliesTo": whom, **draw(SECTIONS), "mode": draw(st.sampled_from(("base", "overlay", "guardrail")))}
        schedule = draw(st.none() | SCHEDULES)
        found.append(resource("Policy", f"s-{number}", spec if schedule is None else {**spec, "schedule": schedule}))
    globs = draw(some(HOME_GLOBS, least=0))
    if globs:
        spec = {"appliesTo": "everyone", "mode": "guardrail", "paths": {"deny": globs}}
        found.append(resource("Policy", "homes", spec))
    return found


ENROLMENTS = {"i-1": Enrolment(("eng",), (("env", "prod"),))}


class Alone:
    """Decides calls one by one."""

    def __init__(self, state: Sequence[Resource]) -> None:
        self._simulator = Simulator(OrgModel(state), {})

    def decide(self, call: RecordedCall, tool: str, params: dict[str, Any]) -> Decision:
        enrolment = ENROLMENTS.get(call.instance or "") if call.groups is None and call.tags is None else None
        subject = Subject(
            user=call.user,
            instance=call.instance,
            agent=call.agent,
            context=call.context,
            groups=enrolment.groups if enrolment else call.groups or (),
            tags=dict(enrolment.tags if enrolment else call.tags or ()),
        )
        return self._simulator.judge(subject, tool, params, call.at).decision
