"""After `tighter` or `equal` nobody gets through a call that they did not before, whoever comes, whatever it is."""

from __future__ import annotations

import os
from typing import Any

from brute_force import HOME, MOMENTS, WEEK, WORKSPACE
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import AGENTS, CONTEXTS, GROUPS
from verdict_check import changes

from clawforge.analysis.level import level_of
from clawforge.analysis.verdict import Answer, judge
from clawforge.analysis.world import World
from clawforge.decide.decider import Decider
from clawforge.decide.request import InstanceFacts, Request
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

CASES = int(os.environ.get("CLAWFORGE_ORACLE_CASES", "60"))
WORDS = st.text("abcgilstx*_-/.: ", min_size=1, max_size=8)
TOOL_NAMES = (
    st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,14}", fullmatch=True)
    | st.from_regex(r"mcp__[a-z]{1,8}(-[a-z]{1,4})?__[a-z_]{1,8}", fullmatch=True)
    | st.sampled_from(
        (
            "exec",
            "Exec",
            "\uff45\uff58\uff45\uff43",
            "read",
            "web_fetch",
            "web_x",
            "mcp__github__x",
            "mcp__jira-__y",
            "skill",
        )
    )
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "command": st.lists(
            st.sampled_from(("git", "ls", "status", "make", "test", "-l", "|", ";", "$(x)")) | WORDS
        ).map(" ".join),
        "path": st.builds(lambda start, rest: start + rest, st.sampled_from(("/", "~/", f"{WORKSPACE}/", "")), WORDS),
        "url": st.from_regex(r"https://([a-z]{1,5}\.){0,2}(example\.com|other\.test|[a-z]{2,4})/", fullmatch=True),
        "name": st.sampled_from(("pdf-tools", "deploy", "x")),
        "version": st.sampled_from(("1.0", "3")),
        "text": WORDS,
    },
)
NEWCOMERS = st.builds(
    Subject,
    user=st.sampled_from(("alice", "bob", "new@acme.example")) | st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    instance=st.none() | st.from_regex(r"[a-z]-[0-9]", fullmatch=True),
    agent=st.none() | st.sampled_from((*AGENTS, "unheard-of")),
    context=st.none() | st.sampled_from((*CONTEXTS, "unheard-of")),
    groups=st.lists(st.sampled_from(GROUPS) | st.from_regex(r"[a-z]{2,5}", fullmatch=True), max_size=3).map(tuple),
    tags=st.dictionaries(
        st.sampled_from(("env", "site", "new")), st.sampled_from(("prod", "dev", "berlin", "elsewhere")), max_size=3
    ),
    claims=st.lists(st.sampled_from(("claim-a", "claim-b", "claim-new")), max_size=2).map(tuple),
)


@given(
    changes(), st.lists(st.tuples(NEWCOMERS, TOOL_NAMES, PARAMS, st.sampled_from(MOMENTS)), min_size=10, max_size=20)
)
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_is_allowed_that_was_not(
    change: tuple[list[Resource], list[Resource]], calls: list[tuple[Subject, str, dict[str, Any], Any]]
) -> None:
    before, after = change
    judged = judge(World(before, after, WEEK))
    assume(Answer.NO in (judged.loosens, judged.tightens))
    sides = (OrgModel(before), OrgModel(after))
    facts = InstanceFacts(versions=None, home=HOME, workspace=WORKSPACE)
    for subject, tool, params, at in calls:
        request = Request(tool=tool, params=params, user=subject.user, at=at)
        old, new = (
            level_of(Decider(side.resolve(subject, at).effective).decide(request, facts=facts)) for side in sides
        )
        assert not (judged.loosens is Answer.NO and new < old), (subject, tool, params, old, new)
        assert not (judged.tightens is Answer.NO and new > old), (subject, tool, params, old, new)
