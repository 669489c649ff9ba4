"""Properties of decisions that hold for every policy and every call."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.catalogue import catalogue, hosts
from clawforge.decide.decider import CODES, Decider
from clawforge.decide.request import Decision, InstanceFacts, KillOrder, Request, Runtime
from clawforge.effective import Effective, Source, SourceKey
from clawforge.resource.policy_test import Effect

AT = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
FACTS = InstanceFacts(home="/home/alice", workspace="/home/alice/project")
_SEVERITY = (Effect.ALLOW, Effect.ASK, Effect.DENY)

TOOLS = (
    "exec",
    "process",
    "read",
    "write",
    "apply_patch",
    "web_fetch",
    "skill",
    "mcp__a__b",
    "a__b",
    "Exec",
    "tomorrow",
)
_some = lambda *values: st.lists(st.sampled_from(values), max_size=3, unique=True)  # noqa: E731
tool_lists = _some("exec", "read", "re*", "*", "group:plugins", "mcp__*", "web_fetch", "group:unknown")
command_lists = _some("ls **", "git status", "* **", "git **")
globs = _some("~/.ssh/**", "**/.env", "/etc/**", "$WORKSPACE/x", "/**")
domains = _some("example.com", "*.example.com", "evil.org")
servers = _some("a", "a*", "b")
optional = lambda items: st.one_of(st.none(), items)  # noqa: E731
rules = st.fixed_dictionaries(
    {
        "tools": st.fixed_dictionaries({"allow": optional(tool_lists), "ask": tool_lists, "deny": tool_lists}),
        "exec": st.fixed_dictionaries(
            {
                "mode": st.sampled_from(["full", "ask", "allowlist", "deny"]),
                "allow": st.lists(command_lists, max_size=2),
                "deny": command_lists,
            }
        ),
        "paths": st.fixed_dictionaries({"deny": globs, "readOnly": globs, "workspaceOnly": st.booleans()}),
        "network": st.fixed_dictionaries(
            {"allow": optional(domains), "deny": domains, "privateAddresses": st.sampled_from(["allow", "deny"])}
        ),
        "mcp": st.fixed_dictionaries({"allow": optional(servers), "deny": servers}),
        "skills": st.fixed_dictionaries({"requireApproval": st.booleans(), "sources": optional(_some("x", "y*"))}),
    }
)
params = st.fixed_dictionaries(
    {},
    optional={
        "command": st.sampled_from(["ls", "git status", "git push", "ls $(x)", "rm x; ls", ""]),
        "path": st.sampled_from(["a", ".env", "~/.ssh/id", "/etc/x", "../x", "x"]),
        "url": st.sampled_from(
            ["https://example.com", "http://a.example.com", "http://127.1", "evil", "http://evil.org"]
        ),
        "action": st.sampled_from(["poll", "write"]),
        "key": st.sampled_from(["s1", "s2"]),
        "source": st.sampled_from(["x", "yy", "z"]),
    },
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["/etc/passwd", "https://a@b", "*** Add File: x", "ls; rm", "~x", "C:\\x", "\ud800", "a\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
names = st.sampled_from(
    ["command", "cmd", "path", "file_path", "files", "url", "input", "env", "args", "key", "action", "x", ""]
)


def _effective(enforced: dict[str, Any], **parts: Any) -> Effective:
    return Effective.model_validate_json(orjson.dumps({"enforced": enforced, **parts}))


def _decide(effective: Effective, tool: str, given_params: dict[str, Any], **options: Any) -> Decision:
    request = Request(tool=tool, params=given_params, user="alice", at=AT)
    return Decider(effective).decide(request, **{"facts": FACTS, **options})


def _severity(decision: Decision) -> int:
    return _SEVERITY.index(decision.effect)


_UNIONS = [
    ("tools", "ask", "browser"),
    ("tools", "deny", "exec"),
    ("tools", "deny", "mcp__*"),
    ("tools", "deny", "read"),
    ("exec", "deny", "ls **"),
    ("paths", "deny", "**/.env"),
    ("paths", "readOnly", "$WORKSPACE/**"),
    ("network", "deny", "example.com"),
    ("mcp", "deny", "a"),
]
_SETTINGS = [("exec", "mode", "deny"), ("paths", "workspaceOnly", True), ("network", "privateAddresses", "deny"),
             ("skills", "requireApproval", True)]  # fmt: skip
_MEETS = [("tools", "allow"), ("network", "allow"), ("mcp", "allow"), ("skills", "sources")]


@st.composite
def tightened(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Rules, and the same rules made stricter in one way."""
    before = draw(rules)
    after = orjson.loads(orjson.dumps(before))
    match draw(st.sampled_from(["union", "setting", "shrink", "limit", "list"])):
        case "union":
            section, name, item = draw(st.sampled_from(_UNIONS))
            after[section][name].append(item)
        case "setting":
            section, name, value = draw(st.sampled_from(_SETTINGS))
            after[section][name] = value
        case "shrink":
            section, name = draw(st.sampled_from(_MEETS))
            after[section][name] = (after[section][name] or [])[1:]
        case "limit":
            after["exec"]["allow"] = [items[1:] for items in after["exec"]["allow"]]
        case _:
            if after["exec"]["allow"]:
                after["exec"]["allow"].append(draw(command_lists))
    return before, after


@settings(max_examples=150, deadline=None)
@given(tightened(), st.sampled_from(TOOLS), params)
def test_a_stricter_policy_never_decides_laxer(
    policies: tuple[dict[str, Any], dict[str, Any]], tool: str, given_params: dict[str, Any]
) -> None:
    before, after = (_decide(_effective(policy), tool, given_params) for policy in policies)
    assert _severity(after) >= _severity(before)


@settings(max_examples=100, deadline=None)
@given(rules, st.sampled_from(TOOLS), params, st.booleans())
def test_kill_denies_whatever_the_policy_says(
    policy: dict[str, Any], tool: str, given_params: dict[str, Any], elevated: bool
) -> None:
    runtime = Runtime(kill=(KillOrder(scope="org"),))
    decision = _decide(_effective(policy), tool, given_params, runtime=runtime, elevated=elevated)
    assert decision.effect is Effect.DENY
    assert decision.reasons[0].code == "kill-switch"


@settings(max_examples=150, deadline=None)
@given(
    rules,
    st.sampled_from(
        [*sorted(catalogue().tools), *TOOLS, "\u202eexec", "mcp__", "mcp____", "a__b__c", " ", "*", "group:fs"]
    ),
    st.dictionaries(names, values, max_size=5),
    st.sampled_from([*hosts(), "unheard-of"]),
    st.booleans(),
)
def test_no_parameters_raise_and_reasons_are_in_order(
    policy: dict[str, Any], tool: str, given_params: dict[str, Any], host: str, known: bool
) -> None:
    dlp = {"rules": [{"resource": "DlpRuleSet/d", "id": "r", "pattern": "e+", "action": "redact", "severity": "low"}]}
    effective = _effective(policy, dlp=dlp, shadow={})
    facts = FACTS.model_copy(update={"host": host}) if known else InstanceFacts(host=host)
    decision = _decide(effective, tool, given_params, facts=facts)
    assert decision == _decide(effective, tool, given_params, facts=facts)
    ranks = [(-_SEVERITY.index(reason.effect), CODES.index(reason.code)) for reason in decision.reasons]
    assert ranks == sorted(ranks)
    assert decision.effect is decision.reasons[0].effect


@settings(max_examples=100, deadline=None)
@given(rules, st.sampled_from(TOOLS), params)
def test_an_elevated_call_is_judged_by_the_floor(
    policy: dict[str, Any], tool: str, given_params: dict[str, Any]
) -> None:
    nothing = {"tools": {"allow": []}, "exec": {"mode": "deny"}, "mcp": {"allow": []}}
    lifted = _decide(_effective(nothing, floor=policy), tool, given_params, elevated=True)
    plain = _decide(_effective(policy), tool, given_params)
    assert [reason.code for reason in lifted.reasons] == [reason.code for reason in plain.reasons]


def test_nothing_sensitive_is_quoted() -> None:
    secret = "".join(["4111", "1111", "1111", "1111"])
    policy = {
        "exec": {"mode": "allowlist", "allow": [["ls"]]},
        "paths": {"deny": ["/**"], "readOnly": ["/**"], "workspaceOnly": True},
        "network": {"allow": [], "deny": ["*.org"], "privateAddresses": "deny"},
    }
    rule = {"resource": "DlpRuleSet/d", "id": "cards", "detector": "credit-card", "severity": "high"}
    for action in ("block", "ask", "redact", "warn", "log"):
        for enforcement in ("enforce", "observe"):
            dlp = {"rules": [{**rule, "action": action, "enforcement": enforcement}]}
            for tool, given_params in (
                ("exec", {"command": secret}),
                ("write", {"path": f"/x/{secret}"}),
                ("web_fetch", {"url": f"https://{secret}.org/", secret: secret}),
                ("web_fetch", {"url": f"gopher://{secret}", secret: {"a": secret}}),
                ("mcp__x__y", {"path": secret, secret: {"path": "x"}}),
            ):
                decision = _decide(_effective(policy, dlp=dlp), tool, given_params)
                said = decision.model_dump_json()
                assert secret not in said, (tool, action)


def test_the_request_is_never_changed() -> None:
    dlp = {"rules": [{"resource": "DlpRuleSet/d", "id": "r", "pattern": "q", "action": "redact", "severity": "low"}]}
    given_params = {"text": "q", "list": ["q", {"q": "q"}]}
    decision = _decide(_effective({}, dlp=dlp), "message", given_params)
    assert given_params == {"text": "q", "list": ["q", {"q": "q"}]}
    assert decision.obligations.params == {
        "text": "[REDACTED:r]",
        "list": ["[REDACTED:r]", {"[REDACTED:r]": "[REDACTED:r]"}],
    }
    assert [redaction.pointer for redaction in decision.obligations.redactions] == ["/list/0", "/text"]


def test_reasons_name_their_source() -> None:
    effective = _effective({"tools": {"allow": ["re*"], "deny": ["exec"]}, "exec": {"mode": "deny"}})
    provenance = {
        str(SourceKey("enforced", "tools.deny", "exec")): (
            Source(resource="Policy/a", pointer="/spec/tools/deny/0", file="a.yaml", line=7),
        ),
        str(SourceKey("enforced", "tools.allow")): (
            Source(resource="Policy/b", pointer="/spec/tools/allow"),
            Source(resource="Policy/c", pointer="/spec/tools/allow"),
        ),
        str(SourceKey("enforced", "tools.allow", "re*")): (Source(resource="Policy/b", pointer="/spec/tools/allow/0"),),
        str(SourceKey("enforced", "exec.mode")): (Source(resource="Policy/d", pointer="/spec/exec/mode"),),
    }
    decider = Decider(effective, provenance=provenance, digest="sha256:" + "0" * 64, revision=3)
    request = Request(tool="exec", params={"command": "ls"}, user="alice", at=AT)
    decision = decider.decide(request)
    denied, missing, mode = decision.reasons
    assert (denied.resource, denied.path, str(denied.location)) == ("Policy/a", "/spec/tools/deny/0", "a.yaml:7")
    assert (missing.resource, missing.path) == ("Policy/b", "/spec/tools/allow")
    assert "Policy/c" in missing.message
    assert (mode.resource, mode.path) == ("Policy/d", "/spec/exec/mode")
    assert (decision.digest, decision.revision) == ("sha256:" + "0" * 64, 3)
    allowed = decider.decide(request.model_copy(update={"tool": "read"}))
    assert allowed.reasons[0].path == "/spec/tools/allow/0"


def test_the_policys_message_is_shown_when_a_call_is_refused() -> None:
    effective = _effective({"tools": {"ask": ["message"]}, "message": "Ask sec@acme.example."})
    assert _decide(effective, "message", {}).message == "Ask sec@acme.example."
    assert _decide(effective, "web_search", {}).message == ""


def test_many_threads_decide_alike() -> None:
    policy = {"exec": {"mode": "allowlist", "allow": [["ls **"]]}, "paths": {"deny": ["**/.env"]}}
    dlp = {
        "rules": [
            {"resource": "DlpRuleSet/d", "id": "r", "detector": "credit-card", "action": "block", "severity": "low"}
        ]
    }
    decider = Decider(_effective(policy, dlp=dlp))
    calls = [("exec", {"command": "ls -l"}), ("exec", {"command": "rm"}), ("read", {"path": ".env"})] * 10
    requests = [Request(tool=tool, params=given_params, user="alice", at=AT) for tool, given_params in calls]
    answers: list[list[str]] = []

    def work() -> None:
        answers.append([decider.decide(request, facts=FACTS).effect.value for request in requests])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [["allow", "deny", "deny"] * 10] * 8
