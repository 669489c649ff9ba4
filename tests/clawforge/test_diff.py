"""What a field is, and that the listed fields are exactly the difference."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from clawforge.diff import field_changes, render_path


def body(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": "Policy", "metadata": {"name": "a"}, "spec": spec}


def paths(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    return [(change.path, change.before, change.after) for change in field_changes(before, after)]


def test_a_list_of_names_is_one_field() -> None:
    assert paths(body(tools={"deny": ["exec"]}), body(tools={"deny": ["exec", "read"]})) == [
        ("spec.tools.deny", ["exec"], ["exec", "read"])
    ]


def test_rules_are_told_apart_by_id_not_by_place() -> None:
    before = body(rules=[{"id": "cards", "action": "ask"}, {"id": "keys", "action": "block"}])
    kept = before["spec"]["rules"][1]
    after = body(rules=[{"id": "new", "action": "log"}, {"id": "cards", "action": "block"}, kept])
    assert paths(before, after) == [
        ("spec.rules[cards].action", "ask", "block"),
        ("spec.rules[new].action", None, "log"),
        ("spec.rules[new].id", None, "new"),
    ]


def test_another_order_of_rules_is_shown_as_such() -> None:
    rules = [{"id": "a", "action": "ask"}, {"id": "b", "action": "log"}]
    assert paths(body(rules=rules), body(rules=rules[::-1])) == [("spec.rules (order)", ["a", "b"], ["b", "a"])]


def test_a_section_that_appears_is_listed_leaf_by_leaf() -> None:
    assert paths(body(), body(exec={"mode": "ask", "allow": []})) == [
        ("spec.exec.allow", None, []),
        ("spec.exec.mode", None, "ask"),
    ]


def test_true_and_one_differ() -> None:
    assert paths(body(flag=1), body(flag=True)) == [("spec.flag", 1, True)]


def test_creation_and_deletion_list_every_leaf_but_the_name() -> None:
    value = body(exec={"mode": "ask"})
    value["metadata"]["labels"] = {"a.b/c": "x"}
    assert paths(None, value) == [('metadata.labels["a.b/c"]', None, "x"), ("spec.exec.mode", None, "ask")]
    assert paths(value, None) == [('metadata.labels["a.b/c"]', "x", None), ("spec.exec.mode", "ask", None)]


def test_keys_with_quotes_are_escaped() -> None:
    assert render_path(["metadata", "labels", 'a"b\\']) == 'metadata.labels["a\\"b\\\\"]'


LEAF = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["x", "y", ""])
ITEM = st.fixed_dictionaries({"id": st.sampled_from("abcd"), "v": LEAF})
VALUE = st.recursive(
    LEAF | st.lists(LEAF, max_size=3) | st.lists(ITEM, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from(["k", "m.n", "z"]), inner, min_size=1, max_size=3),
    max_leaves=8,
)


def without_nothing(value: Any) -> Any:
    """A null and an absent key read the same in a diff."""
    if isinstance(value, dict):
        kept = {key: without_nothing(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item != {}}
    return [without_nothing(item) for item in value] if isinstance(value, list) else value


def leaves(value: Any, path: str = "spec") -> dict[str, Any]:
    """An oracle written another way: every leaf by path, named items by name."""
    if isinstance(value, list):
        names = [item.get("id") if isinstance(item, dict) else None for item in value]
        if value and None not in names and len(set(names)) == len(names):
            value = dict(zip([f"[{name}]" for name in names], value, strict=True))
        else:
            return {path: value}
    if not isinstance(value, dict) or not value:
        return {path: value}
    found: dict[str, Any] = {}
    for key, item in value.items():
        step = key if key.startswith("[") else f".{key}" if key.isalnum() else f'["{key}"]'
        found |= leaves(item, path + step)
    return found


def strict_equal(one: Any, other: Any) -> bool:
    return repr(one) == repr(other)


@given(VALUE, VALUE)
def test_every_difference_is_listed_and_nothing_else(one: Any, other: Any) -> None:
    before, after = without_nothing({"s": one, "kept": 1}), without_nothing({"s": other, "kept": 1})
    listed = {change.path: change for change in field_changes(body(**before), body(**after))}
    old, new = leaves(before), leaves(after)
    changed = {path for path in old.keys() | new.keys() if not strict_equal(old.get(path), new.get(path))}
    plain = {path for path in listed if not path.endswith("(order)")}
    mentioned = {path for path in changed if any(path == p or path.startswith((p + ".", p + "[")) for p in plain)}
    assert mentioned == changed
    assert all(any(path == p or p.startswith((path + ".", path + "[")) for p in changed) for path in plain)


@given(VALUE)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert field_changes(body(s=value), body(s=value)) == ()
