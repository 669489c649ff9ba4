"""No plan is applied with fewer approvals than a plain reading of the ChangePolicies demands, through the whole server.

The reading below knows what each change does because the test made it, and who may approve because it wrote the
bindings; it shares no code with what it checks.
"""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from change_world import ALL
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from server_app import MovableClock, opened_api
from server_process import resource

APPROVERS = {"bob", "cat", "own"}
ROLES = {"approver": {"bob", "cat"}, "owner": {"own"}}
GROUPS = {"security": {"cat", "own"}}

LOOSENS = frozenset({"untool", "mixed", "unoverlay", "policy"})
TIGHTENS = frozenset({"tool", "mixed", "policy"})
ADDRESS = {
    "untool": "Policy/default",
    "tool": "Policy/default",
    "mixed": "Policy/default",
    "label": "Policy/default",
    "unoverlay": "Policy/extra",
    "group": "Group/new",
    "policy": "ChangePolicy/p",
}
DENIED = {"untool": ["write"], "tool": ["exec", "write", "web_fetch"], "mixed": ["exec", "web_fetch"]}

FROM = st.sampled_from(
    (({}, 3), ({"roles": ["approver"]}, 2), ({"groups": ["security"]}, 2), ({"roles": ["approver", "owner"]}, 3))
)
MATCH = st.fixed_dictionaries(
    {},
    optional={
        "kinds": st.sampled_from((["Policy"], ["Group", "ChangePolicy"], ["Policy", "Group"])),
        "addresses": st.sampled_from((["Policy/default"], ["*/default", "Policy/ex*"], ["Group/*"])),
        "labels": st.just({"tier": ["prod", "stage"]}),
        "effect": st.sampled_from(("loosen", "tighten", "any")),
    },
)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    who, most = draw(FROM)
    found: dict[str, Any] = {
        "count": draw(st.sampled_from((1, 1, 2, most)).filter(lambda count: count <= most)),
        "from": who,
    }
    match = draw(MATCH)
    return found | ({"match": match} if match else {})


@dataclass
class Case:
    """ChangePolicies, one proposal, and what people do about it."""

    policies: list[list[dict[str, Any]]]
    changes: frozenset[str]
    submitter: str
    author: str | None
    said: list[tuple[str, str, bool]]
    suspended: str | None


CHANGES = st.sets(
    st.sampled_from(("untool", "tool", "mixed", "label", "unoverlay", "group", "policy")), min_size=1
).map(lambda found: frozenset(found - (set(DENIED) - set(sorted(found & set(DENIED))[:1]))))
CASES = st.builds(
    Case,
    policies=st.lists(st.lists(rules(), min_size=1, max_size=3), min_size=1, max_size=2),
    changes=CHANGES | st.sampled_from(sorted(ADDRESS)).map(lambda one: frozenset({one})),
    submitter=st.sampled_from(("ann", "bob")),
    author=st.sampled_from((None, None, "cat")),
    said=st.lists(
        st.tuples(
            st.sampled_from(("bob", "cat", "own", "dev", "bob", "cat", "own")),
            st.sampled_from(("approvals",) * 11 + ("rejections",)),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    ),
    suspended=st.sampled_from((None, None, None, "bob", "cat")),
)


def state(org: str, case: Case, changes: frozenset[str]) -> list[dict[str, Any]]:
    """The org before (without changes) and as proposed."""
    (denied,) = [DENIED[item] for item in changes if item in DENIED] or [["exec", "write"]]
    default = resource("Policy", "default", appliesTo="everyone", tools={"deny": denied})
    default["metadata"]["labels"] = {"tier": "dev" if "label" in changes else "prod"}
    extra = resource("Policy", "extra", appliesTo="everyone", mode="overlay", tools={"deny": ["read"]})
    found = [
        resource("Organization", org, displayName="Acme"),
        resource("User", "dev", email="dev@acme.example"),
        resource("Group", "security", members={"users": ["cat", "own"]}),
        default,
        *ALL,
        *(resource("ChangePolicy", name, approvals=rules) for name, rules in zip("pq", case.policies, strict=False)),
    ]
    if "policy" in changes:
        changed = copy.deepcopy(found[-len(case.policies)])
        found[-len(case.policies)] = {**changed, "spec": {**changed["spec"], "description": "another"}}
    found += [] if "unoverlay" in changes else [extra]
    return found + ([resource("Group", "new")] if "group" in changes else [])


def selected(match: dict[str, Any], change: str) -> bool:
    """Whether a rule means the resource of a change, read literally."""
    kind, _, name = ADDRESS[change].partition("/")
    if "kinds" in match and kind not in match["kinds"]:
        return False
    patterns = [pattern.split("/") for pattern in match.get("addresses", ["*/*"])]
    if not any(k in ("*", kind) and (n == name or (n.endswith("*") and name.startswith(n[:-1]))) for k, n in patterns):
        return False
    return "labels" not in match or ADDRESS[change] == "Policy/default"


def demanded(case: Case) -> list[dict[str, Any]]:
    """The rules that ask for approvals, at the least."""
    found = []
    for number, rules_ in enumerate(case.policies):
        for rule in rules_:
            match = rule.get("match", {})
            effect = match.get("effect", "any")
            hit = {"loosen": LOOSENS, "tighten": TIGHTENS, "any": frozenset(ADDRESS)}[effect]
            touched = any(change in hit and selected(match, change) for change in case.changes)
            leaves = "label" in case.changes and "labels" in match and selected(match, "label")
            if touched or leaves or (number == 0 and "policy" in case.changes):
                found.append(rule)
    return found


def enough(rule: dict[str, Any], approved: set[str]) -> bool:
    who = rule["from"]
    may = set(APPROVERS)
    if "roles" in who:
        may &= set().union(*(ROLES[role] for role in who["roles"]))
    if "groups" in who:
        may &= set().union(*(GROUPS[group] for group in who["groups"]))
    return len(approved & may) >= rule["count"]


@dataclass
class Seen:
    """How the cases went, so that a run in which nothing happened is noticed."""

    applied: int = 0
    refused: int = 0
    with_needs: int = 0
    names: Any = field(default_factory=lambda: itertools.count(1))


def test_nothing_is_applied_with_fewer_approvals_than_the_policies_demand(tmp_path: Path) -> None:
    clock, seen = MovableClock(), Seen()
    with opened_api(tmp_path / "data", clock) as api:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(CASES)
        def check(case: Case) -> None:
            run(api, case, f"o{next(seen.names)}", seen)

        check()
    assert seen.applied > 3
    assert seen.refused > 3
    assert seen.with_needs > 0


def run(api: Any, case: Case, org: str, seen: Seen) -> None:
    made = api.plan(state(org, case, frozenset()), org=org)
    assert api.send_apply(made).status_code == 200
    tokens = {name: api.session(f"user:{name}", org=org)["accessToken"] for name in ("ann", "bob", "cat", "own", "dev")}
    body: dict[str, Any] = {"source": "policies", "resources": state(org, case, case.changes), "positions": {}}
    if case.author is not None:
        body |= {"commit": "a" * 40, "commitAuthor": f"X <{case.author}@acme.example>"}

    def propose() -> dict[str, Any]:
        answer = api.post(f"/v1/orgs/{org}/plans", json=body, token=tokens[case.submitter])
        assert answer.status_code == 201, answer.text
        plan: dict[str, Any] = answer.json()
        return plan

    first, second = propose(), propose()
    last: dict[str, str] = {}
    for name, verdict, on_first in case.said:
        api.clock.move(seconds=1)
        plan = first if on_first else second
        answer = api.post(f"/v1/orgs/{org}/plans/{plan['id']}/{verdict}", json={}, token=tokens[name])
        if answer.status_code == 200:
            last[name] = verdict
    if case.suspended is not None:
        path = f"/v1/orgs/{org}/users/{case.suspended}/suspension"
        assert api.post(path, json={"reason": "x"}).status_code == 201
    approved = {name for name, verdict in last.items() if verdict == "approvals"}
    approved -= {case.submitter, case.author, case.suspended}
    rejected = any(verdict == "rejections" for verdict in last.values())
    asked = demanded(case)
    sound = not rejected and all(enough(rule, approved) for rule in asked)
    answer = api.send_apply(second)
    if answer.status_code == 200:
        seen.applied += 1
        seen.with_needs += bool(asked)
        assert sound, (asked, approved)
    else:
        seen.refused += 1
        assert answer.json()["code"] in ("approval-missing", "plan-rejected"), answer.text
        assert not (sound and len(case.changes) == 1), ("asked for more than is written", answer.json()["detail"])
