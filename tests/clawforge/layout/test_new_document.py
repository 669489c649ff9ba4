"""Any value becomes a document that says exactly it, in the style that the formatter leaves alone."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from strategies import orgs

from clawforge.layout.document import format_text
from clawforge.layout.new_document import document_text
from clawforge.load.yaml import compose
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

# YAML takes no other control characters, and no resource holds any.
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t")
TEXTS = st.text(CHARACTERS, max_size=20) | st.sampled_from(
    (
        "", "~", "null", "yes", "0x1F", "1e3", ".inf", "2026-11-20", "a: b", "a #b", "- a", "a:b", "group:fs", "*",
        "<<", "---", "...", "!x", "&a", "%x", "@x", "`x", "[a", "{a}", "a, b", "it's", 'say "no"', "\\d+", "a\nb",
        "a\nb\n", "a\n\nb", " a\nb", "a\n b", "a \nb", "\na", "a\n\n", "a\tb\nc", "~/.ssh/**", "$WORKSPACE/x",
        "é", "\u202e", "\ufeff", "\U000e0001", "Sentence, with; marks (and more)? Yes!", "word " * 40,
    )
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4))


def check(value: dict[str, Any]) -> None:
    text = document_text(value).encode()
    documents, problems = compose(text, file="x.yaml")
    assert not problems, text.decode()
    assert [document.value for document in documents] == [value], text.decode()
    formatted = format_text(text, "x.yaml")
    assert (formatted.text, formatted.diagnostics) == (text, ()), text.decode()


@given(value=st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
@example(value={"a": ["x" * 60, "y" * 60]})
@example(value={"a": {"b": {"c": {"d": "one\ntwo", "e": ["f\ng"]}}}})
def test_any_value_is_written_as_it_is(value: dict[str, Any]) -> None:
    check(value)


@given(resources=orgs(count=2))
def test_resources_are_written_as_they_are(resources: list[Resource]) -> None:
    for resource in resources:
        check(canonical_resource(resource))


def test_a_policy_looks_as_a_person_would_write_it() -> None:
    value = {
        "apiVersion": "clawforge/v1",
        "kind": "Policy",
        "spec": {
            "message": "Acme's policy refused this call. Ask, or open a pull request.",
            "tools": {"deny": ["exec", "group:web", "mcp__*"]},
            "appliesTo": {"except": {"groups": ["on-call"]}, "groups": ["eng"]},
            "schedule": {"windows": [{"duration": "14h", "cron": "0 18 * * 1-5"}]},
        },
        "metadata": {"name": "default", "annotations": {"reason": "First line.\nSecond line."}},
    }
    assert document_text(value) == (
        """\
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: default
  annotations:
    reason: |-
      First line.
      Second line.
spec:
  appliesTo:
    groups: [eng]
    except: {groups: [on-call]}
  schedule:
    windows:
      - cron: 0 18 * * 1-5
        duration: 14h
  tools:
    deny: [exec, group:web, mcp__*]
  message: Acme's policy refused this call. Ask, or open a pull request.
"""
    )
