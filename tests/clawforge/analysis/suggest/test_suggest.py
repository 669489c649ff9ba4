"""A suggested policy blocks nothing that was seen, and allows nothing that was not allowed before."""

from __future__ import annotations

from typing import Any

import pytest
from brute_force import CALLS
from hypothesis import given, settings
from hypothesis import strategies as st
from replay_world import CALLABLE, ENROLMENTS, Alone, calls, states
from strategies import WEEK, resource, some

from clawforge.analysis.replay.recorded_call import RecordedCall
from clawforge.analysis.suggest.narrowing import Suggestion, narrowed
from clawforge.analysis.suggest.part import Part
from clawforge.analysis.suggest.suggest import Suggested, suggest
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import Effect

_SEVERITY = {Effect.ALLOW: 0, Effect.ASK: 1, Effect.DENY: 2}


LISTED = (("git **",), ("git *", "./git *"), ("git status", "git push", "git log", "ls"), ("ls **", "make *"), ())
NARROWABLE = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.fixed_dictionaries(
            {},
            optional={
                "allow": st.lists(
                    st.sampled_from(("exec", "read", "web_*", "mcp__*", "*", "group:plugins")), max_size=3
                ),
                "profile": st.sampled_from(("coding", "full", "minimal")),
                "ask": st.lists(st.sampled_from(("read", "exec")), max_size=1),
            },
        ),
        "exec": st.fixed_dictionaries(
            {},
            optional={
                "mode": st.sampled_from(("full", "ask", "allowlist")),
                "allow": st.sampled_from(LISTED),
            },
        ),
        "network": st.fixed_dictionaries({"allow": some(("example.com", "*.example.com", "other.test"), least=0)}),
        "mcp": st.fixed_dictionaries({"allow": some(("github", "jira-*", "*"), least=0)}),
    },
)


@st.composite
def narrowable(draw: st.DrawFn) -> list[Resource]:
    """Base policies that extend one another and tie, with others beside them."""
    found: list[Resource] = []
    for number in range(draw(st.integers(1, 4))):
        parents = draw(st.lists(st.sampled_from(range(number)), max_size=2, unique=True)) if number else []
        spec = {
            "appliesTo": draw(st.sampled_from(("everyone", {"users": ["alice"]}, {"contexts": ["home"]}))),
            "mode": draw(st.sampled_from(("base", "base", "overlay", "guardrail"))),
            "extends": [f"Policy/p-{parent}" for parent in parents],
            **draw(NARROWABLE),
        }
        found.append(resource("Policy", f"p-{number}", spec))
    return found


COMMANDS = (
    "git status",
    "git push",
    "git log",
    "git pull",
    "git add",
    "git diff",
    "ls",
    "ls -l",
    "make a",
    "./git x",
    "rm",
)
USED: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("exec", {"command": command}) for command in COMMANDS),
    ("exec", {"command": "git status; ls"}),
    ("read", {"path": "a"}),
    ("web_fetch", {"url": "https://example.com/"}),
    ("web_fetch", {"url": "https://api.example.com/"}),
    ("mcp__github__x", {}),
    ("mcp__jira-cloud__x", {}),
    ("plugin-tool", {}),
)
WHO = tuple(
    RecordedCall(1, user, "exec", {}, WEEK, context=context) for user in ("alice", "bob") for context in ("home", None)
)


def some_of(values: tuple[Any, ...]) -> st.SearchStrategy[list[Any]]:
    """Each with an even chance."""
    return st.lists(st.booleans(), min_size=len(values), max_size=len(values)).map(
        lambda chosen: [value for value, wanted in zip(values, chosen, strict=True) if wanted]
    )


@settings(max_examples=90, deadline=None)
@given(narrowable(), some_of(WHO), some_of(USED))
def test_what_was_seen_stays_and_nothing_is_gained(
    state: list[Resource], callers: list[RecordedCall], used: list[tuple[str, dict[str, Any]]]
) -> None:
    """Some callers and uses are seen, and all are asked about."""
    recorded = [who._replace(tool=tool, params=params) for who in callers for tool, params in used]
    check(state, recorded, [who._replace(tool=tool, params=params) for who in WHO for tool, params in (*USED, *CALLS)])


@settings(max_examples=40, deadline=None)
@given(
    states(),
    st.lists(st.tuples(calls(), st.lists(st.sampled_from(CALLABLE), min_size=1, max_size=12)), min_size=1, max_size=5),
    st.lists(calls(), min_size=3, max_size=3),
)
def test_nor_in_an_org_with_everything(
    state: list[Resource],
    seen: list[tuple[RecordedCall, list[tuple[str, dict[str, Any]]]]],
    others: list[RecordedCall],
) -> None:
    made = [(caller, tool, params) for caller, uses in seen for tool, params in uses]
    recorded = [who._replace(line=line, tool=tool, params=params) for line, (who, tool, params) in enumerate(made)]
    check(state, recorded, [who._replace(tool=tool, params=params) for who in others for tool, params in CALLABLE])


def check(state: list[Resource], recorded: list[RecordedCall], others: list[RecordedCall]) -> None:
    found = suggest(lambda: recorded, state, {}, variants=2, enrolments=ENROLMENTS)
    before, after = Alone(state), Alone(narrowed(state, found.suggestions))
    for call in recorded:
        now = before.decide(call, call.tool, call.params or {}).effect
        then = after.decide(call, call.tool, call.params or {}).effect
        assert now is then or now is Effect.DENY, (call, found.suggestions)
    for call in others:
        now = before.decide(call, call.tool, call.params or {}).effect
        then = after.decide(call, call.tool, call.params or {}).effect
        assert _SEVERITY[then] >= _SEVERITY[now], (call, found.suggestions)


def suggested(specs: dict[str, dict[str, Any]], *made: tuple[str, dict[str, Any] | None], **more: Any) -> Suggested:
    state = [resource("Policy", name, {"appliesTo": "everyone", **spec}) for name, spec in specs.items()]
    recorded = [RecordedCall(line, "alice", *call, WEEK) for line, call in enumerate(made, start=1)]
    return suggest(lambda: recorded, [*state, *more.pop("beside", ())], {}, **more)


def only(found: Suggested) -> Suggestion:
    (suggestion,) = found.suggestions
    return suggestion


def values(suggestion: Suggestion) -> dict[str, Any]:
    return {item.path: item.after for item in suggestion.narrowings}


def run(*commands: str) -> list[tuple[str, dict[str, Any]]]:
    return [("exec", {"command": command}) for command in commands]


def test_an_open_policy_becomes_what_was_seen() -> None:
    found = suggested(
        {"open": {"tools": {"deny": ["browser"]}}},
        *run("git status", "ls -l src && make test"),
        ("read", {"path": "a"}),
        ("web_fetch", {"url": "https://docs.example.com/x"}),
        ("mcp__github__issues", {}),
        ("browser", {"url": "https://evil.example/"}),
    )
    assert values(only(found)) == {
        "tools.allow": ("exec", "mcp__github__issues", "read", "web_fetch"),
        "mcp.allow": ("github",),
        "network.allow": ("docs.example.com",),
        "exec.mode": "allowlist",
        "exec.allow": ("git status", "ls -l src", "make test"),
    }
    assert found.tally.replayed == 6
    assert not found.tally.reasons


def test_sections_that_no_used_tool_looks_at_are_not_touched() -> None:
    found = suggested({"open": {}}, ("memory_search", {"query": "x"}))
    assert values(only(found)) == {"tools.allow": ("memory_search",)}


def test_a_policy_that_nothing_was_seen_of_is_left_alone() -> None:
    found = suggested({"open": {}})
    assert (only(found).calls, only(found).narrowings) == (0, ())


def test_calls_that_were_recorded_as_denied_are_no_use() -> None:
    call = RecordedCall(1, "alice", "exec", {"command": "ls"}, WEEK, recorded=Effect.DENY)
    state = [resource("Policy", "open", {"appliesTo": "everyone"})]
    assert only(suggest(lambda: [call], state, {})).calls == 0


@pytest.mark.parametrize(
    ("made", "part", "reason"),
    [
        ([("exec", None)], Part.EXEC, "the arguments of some calls were not recorded"),
        ([("web_fetch", None)], Part.NETWORK, "the arguments of some calls were not recorded"),
        ([("code_execution", {"code": "x"})], Part.EXEC, "some calls run code, which no pattern describes"),
        (run("echo $(id)"), Part.EXEC, "some commands are such that no pattern may match them"),
        (run("$X"), Part.EXEC, "some commands are such that no pattern may match them"),
        ([("exec", {"command": "ls", "env": {"A": "b"}})], Part.EXEC, "some commands are such that no pattern"),
        ([("web_fetch", {})], Part.NETWORK, "which host some calls reached cannot be told"),
        ([("web_fetch", {"url": "http://[::1]/"})], Part.NETWORK, "some host cannot be written into a policy"),
        ([("we ird*", {})], Part.TOOLS, "the name of some tool cannot be written into a policy"),
        ([("group:fs", {})], Part.TOOLS, "the name of some tool cannot be written into a policy"),
        ([("mcp__*__x", {})], Part.MCP, "the name of some MCP server cannot be written into a policy"),
    ],
)
def test_what_cannot_be_known_or_written_is_left_alone_and_said(
    made: list[tuple[str, dict[str, Any] | None]], part: Part, reason: str
) -> None:
    found = only(suggested({"open": {}}, *made))
    assert part not in {item.part for item in found.narrowings}
    assert found.left[part].reason.startswith(reason)


def test_a_list_shrinks_within_itself() -> None:
    spec = {
        "tools": {"allow": ["exec", "group:fs"]},
        "exec": {"mode": "allowlist", "allow": ["git **", "make *", "./gradlew build"]},
        "network": {"allow": ["*.example.com"]},
    }
    found = only(suggested({"p": spec}, *run("git status", "git log -n 3", "./gradlew build")))
    assert values(found) == {
        "tools.allow": ("exec",),
        "exec.allow": ("./gradlew build", "git log -n 3", "git status"),
    }
    assert {item.path: item.before for item in found.narrowings} == {
        "tools.allow": ("exec", "group:fs"),
        "exec.allow": ("./gradlew build", "git **", "make *"),
    }


def test_what_is_narrow_already_stays() -> None:
    spec = {"tools": {"allow": ["exec"]}, "exec": {"mode": "allowlist", "allow": ["git status"]}}
    assert only(suggested({"p": spec}, *run("git status"))).narrowings == ()


def test_many_variants_of_one_argument_become_a_star() -> None:
    few = only(suggested({"open": {}}, *run(*(f"cat log{n}" for n in range(4)))))
    many = only(suggested({"open": {}}, *run(*(f"cat log{n}" for n in range(5)), "cat -n x")))
    assert values(few)["exec.allow"] == ("cat log0", "cat log1", "cat log2", "cat log3")
    assert values(many)["exec.allow"] == ("cat *", "cat -n x")


def test_the_limit_of_variants_can_be_chosen() -> None:
    found = only(suggested({"open": {}}, *run("cat a", "cat b"), variants=1))
    assert values(found)["exec.allow"] == ("cat *",)


def test_a_star_never_goes_beyond_the_present_list() -> None:
    spec = {"exec": {"mode": "allowlist", "allow": [f"cat log{n}" for n in range(9)]}}
    found = only(suggested({"p": spec}, *run(*(f"cat log{n}" for n in range(6)))))
    assert values(found)["exec.allow"] == tuple(f"cat log{n}" for n in range(6))


def test_a_part_of_a_word_stays_as_it_was_seen() -> None:
    spec = {"exec": {"mode": "allowlist", "allow": ["cat log* *"]}}
    found = only(suggested({"p": spec}, *run(*(f"cat log{n} x{m}" for n in range(6) for m in range(6)))))
    assert values(found)["exec.allow"] == tuple(f"cat log{n} *" for n in range(6))


def test_suggestions_are_tried_together_and_what_stops_a_call_is_taken_back() -> None:
    """The child keeps its own list, which counts once its parent's mode does."""
    specs = {
        "parent": {"appliesTo": {"users": ["bob"]}},
        "child": {"extends": ["Policy/parent"], "appliesTo": {"users": ["alice"]}, "exec": {"allow": ["git **"]}},
    }
    found = {item.address: item for item in suggested(specs, *run("ls")).suggestions}
    assert "exec.mode" not in values(found["Policy/parent"])
    assert found["Policy/parent"].left[Part.EXEC].reason == "calls that passed would be stopped"


def test_secrets_and_what_cannot_be_written_become_stars() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLQ"
    rules = [{"id": "customer", "pattern": "CUST-[0-9]{8}", "action": "log"}]
    beside = [resource("DlpRuleSet", "d", {"appliesTo": "everyone", "rules": rules})]
    found = only(
        suggested({"open": {}}, *run(f"tool --key {key}", "find CUST-12345678 x", "say 'a\nb'"), beside=beside)
    )
    assert values(found)["exec.allow"] == ("find * x", "say *", "tool --key *")


def test_quotes_and_stars_are_written_so_that_they_mean_themselves() -> None:
    found = only(suggested({"open": {}}, *run("grep 'a*b' \"it's\" ''", "echo 'x; y'")))
    assert values(found)["exec.allow"] == ("echo 'x; y'", "grep 'a*b' 'it'\"'\"'s' ''")


@pytest.mark.parametrize("mode", ["ask", "allowlist"])
def test_beside_a_policy_that_stops_every_command_no_list_is_made(mode: str) -> None:
    """The list would be the only one, and what is on it would pass where a person is asked now."""
    specs = {"open": {}, "strict": {"mode": "overlay", "exec": {"mode": mode}, "appliesTo": {"contexts": ["home"]}}}
    found = only(suggested(specs, *run("ls")))
    assert values(found) == {"tools.allow": ("exec",)}
    assert found.left[Part.EXEC].reason == "beside a list, Policy/strict would let through what it stops now"


def test_a_policy_that_asks_keeps_asking() -> None:
    spec = {"exec": {"mode": "ask", "allow": ["git **"]}}
    found = only(suggested({"p": spec}, *run("git status", "git push")))
    assert values(found)["exec.allow"] == ("git push", "git status")
    assert "exec.mode" not in values(found)


def test_what_a_child_uses_counts_for_its_parents() -> None:
    specs = {
        "parent": {"appliesTo": {"users": ["nobody"]}, "tools": {"allow": ["group:fs", "exec"]}},
        "child": {"extends": ["Policy/parent"]},
    }
    found = suggested(specs, ("read", {"path": "a"}))
    assert {item.address: values(item) for item in found.suggestions} == {
        "Policy/child": {"tools.allow": ("read",)},
        "Policy/parent": {"tools.allow": ("read",)},
    }


def test_a_child_that_would_hear_its_parent_instead_of_another_one_keeps_it_silent() -> None:
    """`second` is silent about tools, so its child hears `first`."""
    specs = {
        "first": {"appliesTo": {"users": ["nobody"]}, "tools": {"allow": ["read"]}},
        "second": {"appliesTo": {"users": ["alice"]}},
        "child": {"appliesTo": {"users": ["bob"]}, "extends": ["Policy/first", "Policy/second"]},
    }
    found = suggested(specs, ("write", {"path": "a"}), only="Policy/second")
    assert values(only(found)) == {}
    assert only(found).left[Part.TOOLS].reason == "a policy that extends this one would allow more"


def test_one_policy_alone_can_be_asked_for() -> None:
    specs = {"a": {"appliesTo": {"users": ["alice"]}}, "b": {"appliesTo": {"users": ["bob"]}}}
    found = suggested(specs, ("read", {"path": "a"}), only="Policy/a")
    assert [item.address for item in found.suggestions] == ["Policy/a"]
