"""An org of the public ClawForge becomes a project that loads; what is lost is told, and nothing is looser."""

from __future__ import annotations

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from public_server import recorded

from clawforge.adoption.conversion import Conversion, Fate, convert
from clawforge.adoption.dump import dump_project, read_back
from clawforge.adoption.names import NewNames
from clawforge.adoption.public_documents import parse_export
from clawforge.decide.simulate import Simulator
from clawforge.errors import InputError
from clawforge.lint.engine import obstacles
from clawforge.load.project import Project
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
NOWHERE = Path("/nonexistent/clawforge-import")


def converted(document: dict[str, Any], org: str | None = None) -> Conversion:
    return convert(parse_export(json.dumps(document).encode(), "the test"), org=org, now=NOW)


def project_of(conversion: Conversion) -> Project:
    owners = {item.address: "policies" for item in conversion.resources}
    project = read_back(dump_project(conversion.org, conversion.resources, owners), NOWHERE)
    assert obstacles(project, now=NOW) == []
    return project


def by_address(conversion: Conversion) -> dict[str, Resource]:
    return {item.address: item for item in conversion.resources}


def spec(conversion: Conversion, address: str) -> dict[str, Any]:
    found: dict[str, Any] = canonical_resource(by_address(conversion)[address])["spec"]
    return found


def told(conversion: Conversion, fate: Fate, where: str) -> list[str]:
    return [item.message for item in conversion.remarks if item.fate is fate and item.where == where]


def changed(**parts: Any) -> dict[str, Any]:
    return {**recorded(), **parts}


def policy(**fields: Any) -> dict[str, Any]:
    """The recorded policy with other fields; `tools` repeats what `toolsConfig` says, as the server answers."""
    body = {**copy.deepcopy(recorded()["policy"]), **fields}
    return changed(policy=body | {"tools": body["toolsConfig"]})


def test_the_recorded_org_becomes_a_project() -> None:
    conversion = converted(recorded(), "acme")
    project_of(conversion)
    assert set(by_address(conversion)) == {
        "Organization/acme",
        "Policy/default",
        "RoleBinding/admins",
        "SkillApproval/demo",
        "User/admin",
        "User/dev40867328",
    }
    assert spec(conversion, "Policy/default") == {
        "appliesTo": "everyone",
        "tools": {"deny": ["exec", "group:web"]},
        "skills": {"requireApproval": True},
        "audit": {"level": "full"},
    }
    assert spec(conversion, "RoleBinding/admins") == {"role": "admin", "subjects": {"users": ["admin"]}}
    assert spec(conversion, "SkillApproval/demo") == {"appliesTo": "everyone", "key": "demo", "status": "approved"}
    assert "'restricted' is no profile" in told(conversion, Fate.DROPPED, "policy.toolsConfig.profile")[0]
    assert "'weather-v1'" in told(conversion, Fate.DROPPED, "policy.skillsConfig.approved")[0]
    assert told(conversion, Fate.DROPPED, "review/demo")
    assert told(conversion, Fate.TODO, "heartbeat")
    assert told(conversion, Fate.CHANGED, "policy.auditLevel")
    assert told(conversion, Fate.DROPPED, "apiKeys")


def test_the_name_of_the_org_is_its_own_unless_another_is_given() -> None:
    assert converted(recorded()).org == "default"
    nameless = changed(organization={"organization": {"id": "x", "name": "会社"}})
    with pytest.raises(InputError, match="no name"):
        converted(nameless)
    assert converted(nameless, "acme").org == "acme"


def users(*people: dict[str, Any]) -> dict[str, Any]:
    return {"users": [{"id": str(number), "role": "user", "name": None, **one} for number, one in enumerate(people)]}


def test_names_that_collide_are_told_and_nobody_is_lost() -> None:
    people = users(
        {"email": "Ann.B@acme.example"},
        {"email": "ann-b@acme.example", "role": "admin"},
        {"email": "ANN.B@acme.example"},
        {"email": "会@acme.example", "role": "viewer"},
        {"email": "no address"},
        {"email": "eve@acme.example", "role": "root", "name": "Eve\x1b[31m"},
    )
    conversion = converted(changed(users=people))
    project_of(conversion)
    emails = {item.metadata.name: item.spec.email for item in conversion.resources if item.kind == "User"}
    assert emails == {
        "ann-b": "ann.b@acme.example",
        "ann-b-2": "ann-b@acme.example",
        "user": "会@acme.example",
        "eve": "eve@acme.example",
    }
    assert "'ann-b-2'" in told(conversion, Fate.CHANGED, "users/ann-b@acme.example")[0]
    assert told(conversion, Fate.DROPPED, "users/ANN.B@acme.example") == ["ann-b has this e-mail address already."]
    assert told(conversion, Fate.DROPPED, "users/no address")
    assert "'root'" in told(conversion, Fate.DROPPED, "users/eve@acme.example")[0]
    assert spec(conversion, "User/eve")["displayName"] == "Eve[31m"
    assert spec(conversion, "RoleBinding/admins")["subjects"] == {"users": ["ann-b-2"]}
    assert spec(conversion, "RoleBinding/auditors") == {"role": "auditor", "subjects": {"users": ["user"]}}


def test_a_hundred_thousand_of_one_name_are_told_apart_at_once() -> None:
    names = NewNames()
    given = [names.name("Ann", "user") for _ in range(100_000)]
    assert (given[0], given[1], given[-1], len(set(given))) == ("ann", "ann-2", "ann-100000", 100_000)
    assert names.name("ann-7", "user") == "ann-7-2"
    long = [names.name("x" * 80, "user") for _ in range(12)]
    assert {len(name) for name in long} == {63}
    assert len(set(long)) == 12


def effect(conversion: Conversion, tool: str) -> str:
    simulator = Simulator(OrgModel(conversion.resources), {}, revision=1)
    return simulator.judge(Subject(user="dev40867328"), tool, {}, NOW).decision.effect.value


def test_lists_keep_their_meaning_and_become_no_looser() -> None:
    tools = {"allow": [" READ ", "web_*", "*", "bad name"], "deny": ["Exec", "mcp__*", "a*b", ""]}
    conversion = converted(policy(toolsConfig=tools))
    project_of(conversion)
    assert spec(conversion, "Policy/default")["tools"] == {"allow": ["read"], "deny": ["exec", "mcp__*"]}
    assert len(told(conversion, Fate.DROPPED, "policy.toolsConfig.allow")) == 3
    assert len(told(conversion, Fate.DROPPED, "policy.toolsConfig.deny")) == 2
    assert told(conversion, Fate.CHANGED, "policy.toolsConfig.deny")
    assert effect(conversion, "web_fetch") == "deny"


def test_an_empty_allow_list_allowed_everything() -> None:
    conversion = converted(policy(toolsConfig={"allow": []}))
    assert "tools" not in spec(conversion, "Policy/default")
    assert told(conversion, Fate.CHANGED, "policy.toolsConfig.allow")
    assert effect(conversion, "write") == "allow"


def test_an_allow_list_of_which_nothing_is_left_allows_nothing() -> None:
    conversion = converted(policy(toolsConfig={"allow": ["*"]}))
    assert spec(conversion, "Policy/default")["tools"] == {"allow": []}
    assert effect(conversion, "read") == "deny"


@pytest.mark.parametrize("switch", [True, {"active": True}, {"active": True, "message": "drill"}])
def test_a_kill_switch_that_is_on_goes_on_stopping_everybody(switch: Any) -> None:
    conversion = converted(policy(killSwitch=switch, toolsConfig={}))
    project_of(conversion)
    kill = spec(conversion, "Policy/kill-switch")
    assert (kill["mode"], kill["tools"], kill["appliesTo"]) == ("guardrail", {"allow": []}, "everyone")
    assert kill["message"] == ("drill" if isinstance(switch, dict) and "message" in switch else kill["message"])
    assert told(conversion, Fate.CHANGED, "policy.killSwitch")
    assert {effect(conversion, tool) for tool in ("read", "session_status", "whatever")} == {"deny"}


def test_without_a_policy_there_is_none_and_that_is_said() -> None:
    document = recorded()
    del document["policy"]
    conversion = converted(document)
    assert "Policy/default" not in by_address(conversion)
    assert told(conversion, Fate.DROPPED, "policy")


def skill(**fields: Any) -> dict[str, Any]:
    return {"skillName": "demo", "skillKey": "demo", "scope": "org", **fields}


def test_skills_are_approved_for_whom_they_were() -> None:
    someone = recorded()["users"]["users"][1]["id"]
    skills = [
        skill(),
        skill(skillKey="mine", scope="self", approvedForUser=someone),
        skill(skillKey="theirs", scope="self", approvedForUser="nobody"),
        skill(skillKey="old", revokedAt="2026-11-20T09:29:42.321Z"),
        skill(skillKey="Demo"),
        skill(skillKey="../../etc/passwd"),
        skill(skillKey="with\nnewline"),
    ]
    review = {
        "submissions": [{"skillName": "demo", "status": "approved-org", "reviewedBy": someone, "reviewNotes": "ok"}]
    }
    conversion = converted(changed(approved={"skills": skills}, review=review))
    project_of(conversion)
    approvals = {item.metadata.name: item for item in conversion.resources if item.kind == "SkillApproval"}
    assert set(approvals) == {"demo", "mine", "demo-2"}
    assert spec(conversion, "SkillApproval/mine")["appliesTo"] == {"users": ["dev40867328"]}
    assert spec(conversion, "SkillApproval/demo")["reviewedBy"] == "dev40867328"
    for lost in ("theirs", "old", "../../etc/passwd", "with\nnewline"):
        assert told(conversion, Fate.DROPPED, f"approved/{lost}"), lost


def key(**fields: Any) -> dict[str, Any]:
    return {"name": "ci", "role": "viewer", **fields}


def test_keys_become_accounts_that_may_no_more_than_they_did() -> None:
    keys = [
        key(ipAllowlist=["203.0.113.7", "10.0.0.0/8", "nonsense"], expiresAt="2027-01-01T00:00:00.000Z"),
        key(name="CI", role="admin"),
        key(name="late", expiresAt="2026-01-01T00:00:00.000Z"),
        key(name="closed", ipAllowlist=["nonsense"]),
        key(name="odd", role="god"),
    ]
    conversion = converted(changed(apiKeys={"apiKeys": keys}))
    project_of(conversion)
    accounts = {item.metadata.name for item in conversion.resources if item.kind == "ServiceAccount"}
    assert accounts == {"ci", "ci-2", "odd"}
    assert spec(conversion, "ServiceAccount/ci")["networks"] == ["10.0.0.0/8", "203.0.113.7/32"]
    assert spec(conversion, "ServiceAccount/ci")["expires"] == "2027-01-01T00:00:00Z"
    assert spec(conversion, "RoleBinding/auditor-keys")["subjects"] == {"serviceAccounts": ["ci"]}
    assert spec(conversion, "RoleBinding/admin-keys")["subjects"] == {"serviceAccounts": ["ci-2"]}
    assert told(conversion, Fate.DROPPED, "apiKeys/late")
    assert told(conversion, Fate.DROPPED, "apiKeys/closed")
    assert told(conversion, Fate.DROPPED, "apiKeys/odd")


def test_sign_on_settings_and_further_policies_are_taken_or_told() -> None:
    sso = {"issuerUrl": "https://login.acme.example", "clientId": "forge", "tenant": "x"}
    organization = {"organization": {"id": "x", "name": "Acme", "ssoConfig": sso, "plan": "gold"}}
    settings = {"settings": {"auditRetentionDays": 30, "defaultNewUserRole": "admin"}}
    policies = {"policies": [{"id": recorded()["policy"]["id"]}, {"id": "2", "name": "Sales"}]}
    conversion = converted(changed(organization=organization, settings=settings, policies=policies, extra=[1]))
    project_of(conversion)
    organization_spec = spec(conversion, "Organization/acme")
    assert organization_spec["sso"] == {"issuer": "https://login.acme.example", "clientId": "forge"}
    assert organization_spec["retention"] == {"default": "30d"}
    for where in ("organization", "organization.ssoConfig", "settings", "policies/Sales", "export"):
        assert told(conversion, Fate.DROPPED, where), where
    plain = {"organization": {"id": "x", "name": "Acme", "ssoConfig": sso | {"issuerUrl": "http://login"}}}
    assert "sso" not in spec(converted(changed(organization=plain)), "Organization/acme")


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    ("ann", "Ann", "../x", "a b", "*", "group:fs", "exec", "mcp__*", "admin", "viewer", "org", "self", "0", "null")
)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from("123"), "email": st.builds("{}@acme.example".format, WORDS) | WORDS, "role": WORDS},
        optional={"name": WORDS, "surprise": WORDS},
    ),
    max_size=5,
)
EXPORTS = st.fixed_dictionaries(
    {
        "organization": st.builds(lambda name: {"organization": {"id": "1", "name": name}}, WORDS),
        "users": PEOPLE.map(lambda people: {"users": people}),
    },
    optional={
        "policy": st.fixed_dictionaries(
            {"killSwitch": st.booleans()},
            optional={
                "toolsConfig": st.fixed_dictionaries(
                    {},
                    optional={
                        "allow": st.lists(WORDS, max_size=4),
                        "deny": st.lists(WORDS, max_size=4),
                        "profile": WORDS,
                    },
                ),
                "auditLevel": WORDS,
                "killSwitchMessage": WORDS,
                "surprise": WORDS,
            },
        ),
        "approved": st.lists(
            st.fixed_dictionaries(
                {"skillName": WORDS, "skillKey": WORDS, "scope": st.sampled_from(("org", "self", "x"))},
                optional={"approvedForUser": st.sampled_from("1239"), "revokedAt": WORDS},
            ),
            max_size=4,
        ).map(lambda skills: {"skills": skills}),
        "apiKeys": st.lists(
            st.fixed_dictionaries(
                {"name": WORDS, "role": WORDS}, optional={"ipAllowlist": st.lists(WORDS, max_size=2)}
            ),
            max_size=3,
        ).map(lambda keys: {"apiKeys": keys}),
        "surprise": WORDS,
    },
)


@settings(deadline=None)
@given(document=EXPORTS)
def test_whatever_the_server_says_the_project_loads_and_every_loss_is_told(document: dict[str, Any]) -> None:
    conversion = converted(document, "acme")
    project_of(conversion)
    where = {item.where for item in conversion.remarks}
    emails = {item.spec.email for item in conversion.resources if item.kind == "User"}
    for user in document["users"]["users"]:
        assert user["email"].lower() in emails or f"users/{user['email']}" in where
        assert "surprise" not in user or f"users/{user['email']}" in where
    kept = {item.spec.key for item in conversion.resources if item.kind == "SkillApproval"}
    for skill in document.get("approved", {}).get("skills", ()):
        assert skill["skillKey"] in kept or f"approved/{skill['skillKey']}" in where
    rules = document.get("policy", {})
    if rules:
        tools = canonical_resource(by_address(conversion)["Policy/default"])["spec"].get("tools", {})
        for side in ("allow", "deny"):
            for name in (rules.get("toolsConfig") or {}).get(side, ()):
                assert name.strip().lower() in tools.get(side, ()) or f"policy.toolsConfig.{side}" in where
        assert ("Policy/kill-switch" in by_address(conversion)) == rules["killSwitch"]
    assert ("surprise" not in document) or "export" in where


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"organization": {"organization": {"id": 1, "name": "x"}}, "users": {"users": []}}',
        b'{"organization": {"organization": {"id": "1", "name": "x"}}, "users": {"users": {}}}',
        b"[" * 100_000,
        b'{"organization": {"organization": {"id": "1", "name": "' + b"x" * 5000 + b'"}}, "users": {"users": []}}',
    ],
)
def test_what_is_no_export_is_said_so(text: bytes) -> None:
    with pytest.raises(InputError) as raised:
        parse_export(text, "x.json")
    assert raised.value.code == "not-an-export"
