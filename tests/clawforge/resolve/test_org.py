from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from strategies import resource

from clawforge.effective import Source
from clawforge.errors import InputError
from clawforge.position import ResourcePosition
from clawforge.resolve.org import OrgModel, Resolution
from clawforge.resolve.provenance import locate
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ANN = Subject(user="ann")


def policy(name: str, **spec: Any) -> Resource:
    return resource("Policy", name, {"appliesTo": "everyone", **spec})


def resolve(*resources: Resource, subject: Subject = ANN) -> Resolution:
    return OrgModel(resources).resolve(subject, NOW)


def places(resolution: Resolution, key: str) -> list[str]:
    return [f"{place.resource}{place.pointer}" for place in resolution.provenance[key]]


# --- classes ------------------------------------------------------------------------------------------------------


def test_subjects_of_one_class_share_one_resolution() -> None:
    org = OrgModel([policy("default"), policy("bob", appliesTo={"users": ["bob"]})])
    ann, carol, bob = (org.resolve(Subject(user=user), NOW) for user in ("ann", "carol", "bob"))
    assert ann is carol
    assert ann is not bob
    assert ann.digest == bob.digest


def test_a_suspended_user_is_not_of_the_class_of_a_user_without_base() -> None:
    suspended = resource("User", "sue", {"email": "sue@acme.example", "state": "suspended"})
    org = OrgModel([suspended, policy("eng", appliesTo={"groups": ["eng"]})])
    alerts = [org.resolve(Subject(user=user), NOW).alerts[0].code for user in ("ann", "sue")]
    assert alerts == ["no-base", "user-suspended"]


# --- provenance ---------------------------------------------------------------------------------------------------


def test_a_scalar_names_who_decided_it_the_greatest_authority_first() -> None:
    found = resolve(
        policy("default", exec={"mode": "deny"}),
        policy("night", mode="overlay", exec={"mode": "ask"}),
        policy("rail", mode="guardrail", exec={"mode": "deny"}),
    )
    assert places(found, "enforced:exec.mode") == ["Policy/rail/spec/exec/mode", "Policy/default/spec/exec/mode"]
    assert places(found, "floor:exec.mode") == ["Policy/rail/spec/exec/mode"]


def test_a_member_names_every_place_that_brought_it_through_groups_and_aliases_too() -> None:
    found = resolve(
        policy("default", tools={"deny": ["write", "bash"]}),
        policy("rail", mode="guardrail", tools={"deny": ["group:runtime"]}),
    )
    assert places(found, "enforced:tools.deny#exec") == [
        "Policy/rail/spec/tools/deny/0",
        "Policy/default/spec/tools/deny/0",  # sorted: bash, write
    ]
    assert places(found, "enforced:tools.deny#write") == ["Policy/default/spec/tools/deny/1"]


def test_an_intersected_list_names_every_list_and_each_member_what_covers_it() -> None:
    found = resolve(
        policy("default", tools={"profile": "coding", "allow": ["exec", "web_*"]}),
        policy("night", mode="overlay", tools={"allow": ["ex*"]}),
    )
    assert found.effective.enforced.tools.allow == ("exec",)
    assert places(found, "enforced:tools.allow") == [
        "Policy/night/spec/tools/allow",
        "Policy/default/spec/tools/allow",
        "Policy/default/spec/tools/profile",
    ]
    assert places(found, "enforced:tools.allow#exec") == [
        "Policy/night/spec/tools/allow/0",
        "Policy/default/spec/tools/allow/0",
        "Policy/default/spec/tools/profile",
    ]


def test_what_a_parent_says_is_placed_in_the_parent() -> None:
    found = resolve(
        policy("parent", appliesTo={"users": ["nobody"]}, tools={"deny": ["exec"]}, exec={"mode": "ask"}),
        policy("child", extends=["Policy/parent"], tools={"deny": ["exec", "write"]}),
    )
    assert places(found, "enforced:exec.mode") == ["Policy/parent/spec/exec/mode"]
    assert places(found, "enforced:tools.deny#exec") == [
        "Policy/parent/spec/tools/deny/0",
        "Policy/child/spec/tools/deny/0",
    ]


def test_an_empty_command_list_is_placed_at_the_mode_that_made_it() -> None:
    found = resolve(policy("default", exec={"mode": "allowlist"}))
    assert places(found, "enforced:exec.allow") == ["Policy/default/spec/exec/mode"]


def test_built_in_defaults_have_no_place_and_those_of_the_organization_have() -> None:
    org = resource("Organization", "acme", {"offline": {"lease": "1m"}})
    found = resolve(org, policy("default"))
    assert places(found, "enforced:offline.lease") == ["Organization/acme/spec/offline/lease"]
    assert "enforced:offline.maxStale" not in found.provenance


def test_verdicts_are_placed() -> None:
    found = resolve(
        resource(
            "DlpRuleSet",
            "keys",
            {"appliesTo": "everyone", "rules": [{"id": "pem", "detector": "private-key", "action": "block"}]},
        ),
        resource("SkillApproval", "pdf", {"appliesTo": "everyone", "key": "pdf", "status": "revoked"}),
        resource("VersionTarget", "v", {"appliesTo": "everyone", "components": {"host": {"range": ">=1"}}}),
    )
    assert places(found, "dlp:rules#DlpRuleSet/keys/pem") == ["DlpRuleSet/keys/spec/rules/0"]
    assert places(found, "skills:verdicts#SkillApproval/pdf") == ["SkillApproval/pdf/spec/status"]
    assert places(found, "versions:targets#VersionTarget/v/host") == ["VersionTarget/v/spec/components/host"]


def test_locate_fills_in_file_and_line_where_they_are_known() -> None:
    position = ResourcePosition(file="policies/base.yaml", line=1, fields={"/spec/tools/deny/0": 9})
    here = Source(resource="Policy/default", pointer="/spec/tools/deny/0")
    near = Source(resource="Policy/default", pointer="/spec/message")
    foreign = Source(resource="Policy/other", pointer="/spec/message")
    located = locate({"k": (here, near, foreign)}, {"Policy/default": position})
    assert [(place.file, place.line) for place in located["k"]] == [
        ("policies/base.yaml", 9),
        ("policies/base.yaml", 1),
        (None, None),
    ]


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 2, 5, 3000])
def test_a_cycle_in_extends_is_refused(length: int) -> None:
    resources = [policy(f"p-{n}", extends=[f"Policy/p-{(n + 1) % length}"]) for n in range(length)]
    with pytest.raises(InputError, match="extends itself") as caught:
        resolve(*resources)
    assert caught.value.code == "extends-cycle"


def test_a_long_chain_of_extends_is_no_problem() -> None:
    never = {"appliesTo": {"users": ["nobody"]}}
    chain = [policy("p-0", tools={"deny": ["exec"]}, **never)]
    chain += [policy(f"p-{n}", extends=[f"Policy/p-{n - 1}"], **never) for n in range(1, 3000)]
    found = resolve(*chain, policy("last", extends=["Policy/p-2999"]))
    assert found.effective.enforced.tools.deny == ("exec",)


def test_a_diamond_in_extends_costs_no_more_than_a_chain() -> None:
    layers = [policy("p-0", appliesTo={"users": ["nobody"]}), policy("q-0", appliesTo={"users": ["nobody"]})]
    for n in range(1, 60):
        parents = [f"Policy/p-{n - 1}", f"Policy/q-{n - 1}"]
        layers += [policy(f"{side}-{n}", appliesTo={"users": ["nobody"]}, extends=parents) for side in "pq"]
    assert resolve(*layers, policy("last", extends=["Policy/p-59", "Policy/q-59"])).base == "Policy/last"


def test_a_parent_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match="Policy/gone, which does not exist"):
        resolve(policy("p", extends=["Policy/gone"]))


def test_a_broken_policy_of_others_does_not_matter() -> None:
    broken = policy("broken", appliesTo={"users": ["bob"]}, extends=["Policy/gone"])
    assert resolve(policy("default"), broken).base == "Policy/default"


def test_unknown_groups_are_reported_with_their_resource() -> None:
    parent = policy("parent", appliesTo={"users": ["nobody"]}, tools={"deny": ["group:gone"]})
    rules = [{"id": "r", "detector": "private-key", "tools": ["group:lost"], "action": "block"}]
    found = resolve(
        parent,
        policy("default", extends=["Policy/parent"]),
        resource("DlpRuleSet", "keys", {"appliesTo": "everyone", "rules": rules}),
    )
    assert [(alert.code, alert.resources) for alert in found.alerts] == [
        ("unknown-group", ("Policy/default",)),
        ("unknown-group", ("DlpRuleSet/keys",)),
    ]
    assert found.effective.dlp.rules[0].tools == ()
