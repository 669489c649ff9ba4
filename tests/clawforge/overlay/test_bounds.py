"""What may be asked for: several elevation policies only narrow, and every refusal has its reason."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import MOMENTS, SUBJECTS, elevation_policies, people, resource

from clawforge.decide.catalogue import catalogue
from clawforge.decide.names import NameMatcher
from clawforge.overlay.bounds import ElevationBook, GrantBounds
from clawforge.overlay.elevation_request import (
    ElevationAsk,
    ElevationPast,
    ElevationRefusal,
    ElevationTerms,
    terms_of,
)
from clawforge.resolve.membership import Membership
from clawforge.resolve.subject import Subject
from clawforge.resource.elevation_policy import ElevationPolicy
from clawforge.resource.meta import Resource

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
MEI = Subject(user="mei", instance="i-1", groups=("on-call",))
CORE = catalogue().tools
NEVER_BEFORE = ElevationPast()
NAMES = ("exec", "process", "read", "write", "web_fetch", "mcp__github__x", "plugin_tool")


def book(*resources: Resource) -> ElevationBook:
    policies = [item for item in resources if isinstance(item, ElevationPolicy)]
    return ElevationBook(policies, Membership(resources))


def policy(name: str = "glass", *, never: tuple[str, ...] = (), to: Any = "everyone", **grant: Any) -> Resource:
    given_ = {"name": "repair", "tools": ["exec", "read"], **grant}
    return resource("ElevationPolicy", name, {"appliesTo": to, "grants": [given_], "neverElevate": list(never)})


def ask(**more: Any) -> ElevationAsk:
    return ElevationAsk(MEI, "repair", **{"reason": "incident", **more})


def refusal(
    resources: list[Resource], asked: ElevationAsk, past: ElevationPast = NEVER_BEFORE, at: dt.datetime = NOON
) -> str:
    found = terms_of(book(*resources), asked, past, at)
    return found.code if isinstance(found, ElevationRefusal) else ""


def test_of_several_policies_the_strictest_terms_count() -> None:
    first = policy(
        "a",
        tools=["group:runtime", "read"],
        maxTtl="2h",
        approvals={"count": 1, "from": {"groups": ["sre"]}},
        requireReason=False,
        cooldown="5m",
        maxActive=4,
        agents=["main", "helper"],
        never=("process",),
    )
    second = policy(
        "b",
        tools=["exec", "process", "write"],
        maxTtl="1h",
        approvals={"count": 2, "from": {"roles": ["owner"]}},
        requireTicket=True,
        cooldown="1h",
        confirmPhrase="I watch",
        agents=["main"],
        never=("gateway",),
    )
    (bounds,) = book(first, second).bounds(MEI, NOON)
    assert (bounds.tools, bounds.never) == (("exec", "process"), ("gateway", "process"))
    assert bounds.agents == {"main"}
    assert (bounds.max_ttl, bounds.approvals, bounds.cooldown, bounds.max_active) == (3600, 2, 3600, 1)
    assert (bounds.require_reason, bounds.require_ticket, bounds.phrase) == (True, True, "I watch")
    assert bounds.policies == ("ElevationPolicy/a", "ElevationPolicy/b")
    assert not bounds.accepts_approver(roles=["owner"], groups=["other"])
    assert not bounds.accepts_approver(roles=[], groups=["sre"])
    assert bounds.accepts_approver(roles=["owner"], groups=["sre"])


def test_whom_a_policy_is_not_for_may_ask_for_nothing_of_it() -> None:
    for_others = policy(to={"groups": ["finance"]})
    assert refusal([for_others], ask()) == "no-such-grant"
    assert refusal([policy(to={"groups": ["on-call"]})], ask()) == ""
    closed = resource(
        "ElevationPolicy",
        "night",
        {
            "appliesTo": "everyone",
            "grants": [{"name": "repair", "tools": ["exec"]}],
            "schedule": {"timezone": "UTC", "windows": [{"cron": "0 20 * * *", "duration": "8h"}]},
        },
    )
    assert refusal([closed], ask()) == "no-such-grant"
    assert refusal([closed], ask(), at=NOON.replace(hour=21)) == ""
    # Through an agent or in a context only if the request is for it.
    at_work = policy(to={"contexts": ["work"]})
    assert refusal([at_work], ask()) == "no-such-grant"
    assert refusal([at_work], replace(ask(), subject=MEI.model_copy(update={"context": "work"}))) == ""


def test_what_bounds_a_context_or_an_agent_bounds_a_request_that_names_none() -> None:
    inside = replace(ask(), subject=MEI.model_copy(update={"context": "home"}))
    for to in ({"contexts": ["prod"]}, {"agents": ["bot"]}, {"users": ["mei"], "contexts": ["prod"]}):
        strict = policy("strict", to=to, never=("exec",), approvals={"count": 2})
        (bounds,) = book(policy(), strict).bounds(MEI, NOON)
        assert (bounds.never, bounds.approvals) == (("exec",), 2)
    prod = policy("strict", to={"contexts": ["prod"]}, approvals={"count": 2})
    (elsewhere,) = book(policy(), prod).bounds(inside.subject, NOON)
    assert elsewhere.approvals == 1, "another context was named"
    # Through an exception for a context nothing is given to whoever names none.
    except_prod = policy("most", to={"users": ["mei"], "except": {"contexts": ["prod"]}})
    assert refusal([except_prod], ask()) == "no-such-grant"
    assert refusal([except_prod], inside) == ""


def test_a_suspended_user_is_lifted_above_nothing() -> None:
    mei = resource("User", "mei", {"email": "mei@acme.example", "state": "suspended"})
    assert refusal([policy(), mei], ask()) == "user-suspended"
    assert book(policy(), mei).bounds(MEI, NOON) == ()


@pytest.mark.parametrize(
    ("grant", "asked", "code"),
    [
        ({}, {}, ""),
        ({}, {"tools": ("exec",)}, ""),
        ({}, {"tools": ("bash",)}, ""),
        ({}, {"tools": ("write",)}, "tool-not-in-grant"),
        ({}, {"tools": ("*",)}, "tool-not-in-grant"),
        ({}, {"tools": ("group:nonsense",)}, "tool-not-in-grant"),
        ({"tools": ["group:nonsense"]}, {"tools": ("exec",)}, "tool-not-in-grant"),
        ({"never": ("exec",)}, {"tools": ("exec",)}, "tool-never-elevated"),
        ({"never": ("exec",)}, {"tools": ("read",)}, ""),
        ({}, {"ttl": 1800}, ""),
        ({}, {"ttl": 1801}, "ttl-too-long"),
        ({}, {"ttl": 0}, "ttl-too-long"),
        ({}, {"reason": " "}, "reason-missing"),
        ({"requireReason": False}, {"reason": ""}, ""),
        ({"requireTicket": True}, {}, "ticket-missing"),
        ({"requireTicket": True}, {"ticket": "INC-1"}, ""),
        ({"confirmPhrase": "I watch"}, {"confirmation": "i watch"}, "confirmation-missing"),
        ({"confirmPhrase": "I watch"}, {"confirmation": "I watch"}, ""),
    ],
)
def test_refusals(grant: dict[str, Any], asked: dict[str, Any], code: str) -> None:
    assert refusal([policy(**grant)], ask(**asked)) == code


def test_agents_active_ones_and_cooldown() -> None:
    main, helper = (replace(ask(), subject=MEI.model_copy(update={"agent": name})) for name in ("main", "helper"))
    limited = policy(agents=["main"], cooldown="10m", maxActive=2)
    assert refusal([limited], main) == ""
    assert refusal([limited], helper) == "agent-not-in-grant"
    assert refusal([limited, policy("other", agents=["helper"])], ask()) == "agent-not-in-grant"
    assert refusal([limited], ask(), ElevationPast(active=1)) == ""
    assert refusal([limited], ask(), ElevationPast(active=2)) == "too-many-active"
    ended = ElevationPast(last_ended=NOON - dt.timedelta(minutes=9))
    assert refusal([limited], ask(), ended) == "cooling-down"
    assert refusal([limited], ask(), ended, NOON + dt.timedelta(minutes=1)) == ""
    terms = terms_of(book(limited), ask(), ElevationPast(), NOON)
    assert isinstance(terms, ElevationTerms)
    assert (terms.agents, terms.tools, terms.ttl) == (("main",), ("exec", "read"), 1800)


def test_a_misspelt_grant_gets_a_suggestion() -> None:
    found = terms_of(book(policy()), replace(ask(), grant="repiar"), ElevationPast(), NOON)
    assert isinstance(found, ElevationRefusal)
    assert found.hint == "Did you mean `repair`?"


def lifted(bounds: GrantBounds) -> set[str]:
    tools, never = NameMatcher(bounds.tools, CORE), NameMatcher(bounds.never, CORE)
    return {name for name in NAMES if tools.find(name) and not never.find(name)}


@settings(max_examples=60, deadline=None)
@given(people(), elevation_policies(), SUBJECTS, MOMENTS, st.data())
def test_another_policy_never_widens_a_grant(
    others: list[Resource], policies: list[Resource], subject: Subject, at: dt.datetime, data: st.DataObject
) -> None:
    kept = [item for item in policies if data.draw(st.booleans())]
    before = {bounds.name: bounds for bounds in book(*others, *kept).bounds(subject, at)}
    after = {bounds.name: bounds for bounds in book(*others, *policies).bounds(subject, at)}
    backwards = book(*reversed(others), *reversed(policies)).bounds(subject, at)
    assert {bounds.name: bounds for bounds in backwards} == after
    for name, one in before.items():
        other = after[name]
        assert lifted(other) <= lifted(one)
        assert one.agents is None or (other.agents is not None and other.agents <= one.agents)
        assert other.max_ttl <= one.max_ttl
        assert other.approvals >= one.approvals
        assert other.cooldown >= one.cooldown
        assert other.max_active <= one.max_active
        assert set(one.approvers) <= set(other.approvers)
        assert (other.require_reason, other.require_ticket) >= (one.require_reason, one.require_ticket)
