"""Permissions: `resource:verb`, where either side of a held one may be `*`."""

from __future__ import annotations

from collections.abc import Iterable

EVERYTHING = "*:*"
ESCALATE = "rbac:escalate"
OVERRIDE_FREEZE = "freeze:override"
MANAGE_ROLLOUTS = "rollouts:manage"
SKIP_ROLLOUT = "rollouts:skip"
RUN_RECONCILER = "reconcilers:run"
VERIFY_COMMITS = "commits:verify"
VOUCH = "plans:vouch"

PERMISSIONS: dict[str, str] = {
    "agent:poll": "Fetch one's own policy and report, as an enrolled agent does with its credential.",
    "audit:purge": "Take old payloads out of the audit log; their hashes stay.",
    "audit:read": "Read the audit log, follow it, and export it.",
    "commits:verify": "Say who signed a commit, as the reconciler that holds the lease of its source.",
    "decisions:read": "Ask what anybody may do, and why.",
    "decisions:read-own": "Ask what one may do oneself, and why.",
    "elevations:approve": "Approve, deny and revoke elevations of others, and give temporary grants.",
    "elevations:read": "See what is lifted for whom, and what was.",
    "enrollments:create": "Mint enrolment tokens: over groups from templates for them, over the whole org any.",
    "enrollments:read": "List enrolment tokens.",
    "enrollments:revoke": "Take enrolment tokens back.",
    "freeze:override": "Apply while a ChangePolicy freezes changes, with a reason that is kept.",
    "instances:approve": "Let machines in that wait for an approval, or turn them away.",
    "instances:message": "Have the agents of instances tell their people something.",
    "instances:read": "List instances, and what they reported.",
    "instances:refresh": "Have instances ask for their policy, and report, now.",
    "instances:revoke": "Take the credential of an instance away.",
    "instances:tag": "Give instances of others other tags, and with them other policies; over the whole org only.",
    "keys:read": "Read the public keys of the org.",
    "kill:read": "See which kill switches are on, and which were.",
    "kill:write": "Turn kill switches on and off: over a group for it and its machines, over the whole org any.",
    "plans:apply": "Carry out a plan.",
    "plans:approve": "Approve or reject the plans of others.",
    "plans:create": "Propose changes.",
    "plans:read": "Read plans.",
    "plans:vouch": "Say who approved and signed a commit: as a pipeline that is trusted on a protected ref only.",
    "rbac:escalate": "Apply, once somebody else approved it, a plan that gives rights beyond one's own.",
    "reconcilers:manage": "Suspend and resume reconcilers, accept rewritten history, and have one look at git now.",
    "reconcilers:read": "See reconcilers, and how their last cycle went.",
    "reconcilers:run": "Take and keep the lease of a reconciler, and report how its cycles go.",
    "revisions:read": "List revisions.",
    "rollouts:manage": "Carry a rollout on to the next ring or to everybody, halt it, and resume it.",
    "rollouts:read": "See how far a rollout has come.",
    "rollouts:skip": "Apply a change to every machine at once that a ChangePolicy rolls out in rings, with a reason.",
    "sessions:read": "List the sessions of others.",
    "sessions:revoke": "End the sessions of others.",
    "skills:read": "Read what was handed in for review, and how every skill stands.",
    "skills:review": "Approve or reject skills that others handed in, and lift revocations made by hand.",
    "skills:revoke": "Stop a skill everywhere at once.",
    "skills:submit": "Hand skills in for review.",
    "state:read": "Read every resource of the org.",
    "tokens:create": "Make and rotate API keys, with no more rights than one's own.",
    "tokens:read": "List the API keys of others.",
    "tokens:revoke": "Take the API keys of others back.",
    "users:activate": "Lift the suspension of a user.",
    "users:read": "List users, and who is suspended.",
    "users:reset": "Let a user set a new password, or sign in with another identity of the same address.",
    "users:suspend": "Suspend a user at once.",
}
"""Every permission that the control plane asks for, with its meaning."""


def covers(held: Iterable[str], wanted: str) -> bool:
    """Whether one of the held permissions includes the wanted one, wildcards of both sides considered."""
    resource, _, verb = wanted.partition(":")
    for permission in held:
        held_resource, _, held_verb = permission.partition(":")
        if held_resource in ("*", resource) and held_verb in ("*", verb):
            return True
    return False


def beyond(held: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """The wanted permissions that are not covered, sorted: nobody grants what they do not hold."""
    permissions = tuple(held)
    return tuple(sorted({item for item in wanted if not covers(permissions, item)}))


def common(left: str, right: str) -> str | None:
    """The permissions that two patterns share, as one pattern; None if there are none."""
    sides = [
        there if here == "*" else here if there in ("*", here) else None
        for here, there in zip(left.split(":"), right.split(":"), strict=True)
    ]
    return None if None in sides else f"{sides[0]}:{sides[1]}"


def names_something(pattern: str) -> bool:
    """Whether the catalogue holds a permission that the pattern includes."""
    return any(covers((pattern,), permission) for permission in PERMISSIONS)
