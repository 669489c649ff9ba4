"""Places of fields: pointers of the canonical resource lead to where the file says it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.load.loaded import LoadedResource
from clawforge.load.resource import parse_resource
from clawforge.load.yaml import compose
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

TEXT = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: base}
spec:
  appliesTo: everyone
  extends:
  - Policy/z
  - Policy/a
  tools:
    deny:
    - write
    - exec
    - write
    - browser
    allow: [read]
"""


def loaded(text: str) -> LoadedResource:
    (document,), problems = compose(text.encode(), file="p.yaml")
    assert not problems
    resource = parse_resource(document.value)
    assert isinstance(resource, Resource), resource
    return LoadedResource(resource, document)


def test_indexes_of_sets_are_those_of_the_sorted_list() -> None:
    item = loaded(TEXT)
    fields = item.position().fields
    assert {name: line for name, line in fields.items() if name.startswith("/spec/tools/deny/")} == {
        "/spec/tools/deny/0": 14,  # browser
        "/spec/tools/deny/1": 12,  # exec
        "/spec/tools/deny/2": 11,  # write, where it was written first
    }
    assert str(item.location("/spec/tools/deny/0")) == "p.yaml:14:7"
    assert str(item.value_location("/spec/tools/deny/1")) == "p.yaml:12:7"


def test_lists_that_keep_their_order_keep_their_places() -> None:
    fields = loaded(TEXT).position().fields
    assert (fields["/spec/extends/0"], fields["/spec/extends/1"]) == (7, 8)


def test_what_was_not_written_stands_at_the_nearest_field_around_it() -> None:
    item = loaded(TEXT)
    assert str(item.location("/spec/exec/mode")) == "p.yaml:4:1"
    assert item.position().line_of("/spec/tools/ask/0") == 9
    assert (item.position().file, item.position().line) == ("p.yaml", 1)


def test_keys_with_slashes_and_tildes_are_found() -> None:
    item = loaded(
        "apiVersion: clawforge/v1\nkind: Group\nmetadata: {name: g}\nspec:\n  members:\n    tags:\n"
        "      a/b~c:\n      - z\n      - y\n"
    )
    assert item.position().fields["/spec/members/tags/a~1b~0c/0"] == 9


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(["exec", "read", "write", "web_fetch", "group:fs"]), min_size=1, max_size=8), st.booleans()
)
def test_every_member_of_a_set_is_found_on_a_line_that_says_it(tools: list[str], both: bool) -> None:
    lines = ["    deny:", *(f"    - {tool}" for tool in tools)]
    lines += ["    ask:", *(f"    - {tool}" for tool in reversed(tools))] if both else []
    text = TEXT[: TEXT.index("  tools:")] + "  tools:\n" + "\n".join(lines) + "\n"
    item = loaded(text)
    written = text.splitlines()
    canonical: dict[str, Any] = canonical_resource(item.resource)["spec"]["tools"]
    fields = item.position().fields
    for name, members in canonical.items():
        assert sum(pointer.startswith(f"/spec/tools/{name}/") for pointer in fields) == len(members)
        for index, member in enumerate(members):
            line = fields[f"/spec/tools/{name}/{index}"]
            assert written[line - 1].strip() == f"- {member}"
            assert item.location(f"/spec/tools/{name}/{index}").line == line
