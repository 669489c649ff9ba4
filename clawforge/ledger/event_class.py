"""Classes of events: by class an org says how long payloads are kept, and what a legal hold holds."""

from __future__ import annotations

EVENT_CLASSES: dict[str, str] = {
    "policy": "plans, applies, the state and its keys, reviews and revocations of skills",
    "access": "sign-ins, sessions, tokens, users and what they were refused",
    "fleet": "enrolments and instances, and the invariants that they violate",
    "emergency": "kill switches, and whatever else is done by hand for a time",
    "audit": "reading, exporting and holding of this log",
    "call": "tool calls that agents judged",
    "dlp": "what agents found in the data of calls",
    "skill": "skills that agents loaded or refused",
    "agent": "starts, stops and troubles of agents",
    "gap": "events of agents that never arrived, arrived late, twice, or unreadable",
    "purge": "purges of this log; their payloads are never purged",
}
"""Class -> what it holds."""

_OF_RESOURCE = {
    "plans": "policy",
    "orgs": "policy",
    "positions": "policy",
    "state": "policy",
    "revisions": "policy",
    "keys": "policy",
    "decisions": "policy",
    "rbac": "policy",
    "skills": "policy",
    "reconcilers": "policy",
    "enrollments": "fleet",
    "instances": "fleet",
    "fleet": "fleet",
    "invariants": "fleet",
    "kill": "emergency",
    "elevations": "emergency",
    "audit": "audit",
}


def class_of(action: str) -> str:
    """The class of something that was done to the control plane, by the resource in `resource:verb`."""
    return _OF_RESOURCE.get(action.partition(":")[0], "access")
