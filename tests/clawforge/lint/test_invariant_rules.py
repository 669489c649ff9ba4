"""Rules about what is written look into invariants as well."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from strategies import resource

from clawforge.lint.context import LintContext
from clawforge.lint.engine import lint
from clawforge.lint.registry import RULES

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
BY_ID = {rule.id: rule for rule in RULES}
OVER = {"windows": [{"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}]}
JUMPS = {"timezone": "Europe/Berlin", "windows": [{"cron": "30 2 * * *", "duration": "1h"}]}


@pytest.mark.parametrize(
    ("rule", "spec", "pointer"),
    [
        ("unknown-tool", {"forbid": {"tools": ["read", "web_serch"]}}, "/spec/forbid/tools/1"),
        ("unknown-tool", {"require": {"tools": ["web_serch"]}}, "/spec/require/tools/0"),
        ("deprecated-tool-name", {"forbid": {"tools": ["bash"]}}, "/spec/forbid/tools/0"),
        ("unknown-group", {"forbid": {"tools": ["group:runtme"]}}, "/spec/forbid/tools/0"),
        ("unknown-group", {"require": {"tools": ["group:runtme"]}}, "/spec/require/tools/0"),
        ("selector-matches-nobody", {"appliesTo": {"roles": ["auditor"]}}, "/spec/appliesTo/roles"),
        ("unresolved-reference", {"appliesTo": {"groups": ["nobody"]}}, "/spec/appliesTo/groups/0"),
        ("organization-missing", {"appliesTo": {"contexts": ["work"]}}, "/spec/appliesTo/contexts"),
        ("schedule-never", {"schedule": OVER}, "/spec/schedule/windows"),
        ("schedule-dst-jump", {"schedule": JUMPS}, "/spec/schedule/windows/0/cron"),
        (
            "path-glob-taken-literally",
            {"forbid": {"tools": ["read"], "paths": ["/etc/**", "/srv/{a,b}"]}},
            "/spec/forbid/paths/1",
        ),
        ("invisible-characters-in-text", {"description": "no\u200bshell"}, "/spec/description"),
    ],
)
def test_it_is_found_there(rule: str, spec: dict[str, Any], pointer: str) -> None:
    demand = {} if {"forbid", "require"} & spec.keys() else {"forbid": {"tools": ["exec"]}}
    invariant = resource("Invariant", "i", {"appliesTo": "everyone", **demand, **spec})
    found = [item for item in lint(LintContext.of([invariant], now=NOW)) if item.code == rule]
    assert [(item.address, item.pointer) for item in found] == [("Invariant/i", pointer)]
