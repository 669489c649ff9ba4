"""The fields of a kind as paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from strategies import orgs

from clawforge.diff import field_changes
from clawforge.field_paths import kind_fields, probable_field
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.policy import Policy
from clawforge.resource.registry import BY_KIND, canonical_resource


@given(orgs())
def test_whatever_a_resource_sets_is_a_field_of_its_kind(resources: list[object]) -> None:
    for item in resources:
        fields = kind_fields(type(item))  # type: ignore[arg-type]
        for change in field_changes(None, canonical_resource(item)):  # type: ignore[arg-type]
            assert fields.has(change.path), change.path


@pytest.mark.parametrize("kind", BY_KIND.values(), ids=list(BY_KIND))
def test_every_kind_has_fields(kind: type) -> None:
    assert {"metadata", "spec", "metadata.labels"} <= kind_fields(kind).paths


def test_names_of_items_and_free_keys() -> None:
    assert kind_fields(DlpRuleSet).has("spec.rules[cards].action")
    assert not kind_fields(DlpRuleSet).has("spec.rules[cards].actoin")
    assert kind_fields(Policy).has('metadata.labels["a.b/c"]')
    assert kind_fields(Policy).has("spec.appliesTo.tags.env")
    assert not kind_fields(Policy).has("spec.tools.denied")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("tools.deny", "spec.tools.deny"),
        ("spec.tool.deny", "spec.tools.deny"),
        ("spec.tools.dney", "spec.tools.deny"),
        ("tool.deny", "spec.tools.deny"),
        ("spec.Tools.Deny", "spec.tools.deny"),
        ("completely-else", None),
    ],
)
def test_what_was_probably_meant(asked: str, meant: str | None) -> None:
    assert probable_field(asked, kind_fields(Policy).paths) == meant
