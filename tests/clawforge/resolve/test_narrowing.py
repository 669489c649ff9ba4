"""Overlays and guardrails only narrow, judged by real decisions; elevated calls too."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import given, settings
from strategies import MOMENTS, SUBJECTS, orgs, policy_specs, resource

from clawforge.decide.decider import Decider
from clawforge.decide.request import InstanceFacts, Request
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import Effect

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("exec", {"command": "ls"}),
    ("exec", {"command": "git status"}),
    ("exec", {"command": "git push && make test"}),
    ("read", {"path": "/home/ann/.ssh/id_ed25519"}),
    ("write", {"path": "/work/secret"}),
    ("web_fetch", {"url": "https://api.example.com/v1"}),
    ("web_fetch", {"url": "http://127.0.0.1:8080/"}),
    ("mcp__github__list", {}),
    ("skill", {"key": "pdf-tools", "version": "1.0", "source": "registry/acme"}),
    ("never-heard-of", {}),
)
FACTS = InstanceFacts(workspace="/work", home="/home/ann", versions={"host": "2026.9.6", "runtime": "24.16.0"})
LAX_TO_STRICT = tuple(Effect)


@given(
    orgs(count=4),
    policy_specs(modes=("overlay", "guardrail"), enforcements=("enforce",), scheduled=False),
    SUBJECTS,
    MOMENTS,
)
@settings(max_examples=80, deadline=None)
def test_no_call_is_judged_laxer_for_one_more_overlay_or_guardrail(
    resources: list[Resource], spec: dict[str, Any], subject: Subject, at: dt.datetime
) -> None:
    added = resource("Policy", "added", {**spec, "appliesTo": "everyone"})
    before = Decider(OrgModel(resources).resolve(subject, at).effective)
    after = Decider(OrgModel([*resources, added]).resolve(subject, at).effective)
    for tool, params in CALLS:
        request = Request(tool=tool, params=params, user=subject.user, at=at)
        for elevated in (False, True):
            was = before.decide(request, facts=FACTS, elevated=elevated).effect
            now = after.decide(request, facts=FACTS, elevated=elevated).effect
            assert LAX_TO_STRICT.index(now) >= LAX_TO_STRICT.index(was), (tool, params, was, now)
