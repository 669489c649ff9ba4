"""The pages of the kinds name every field, and lead where they point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clawforge.load.yaml import compose
from clawforge.reference_pages import INDEX, Example, reference_pages
from clawforge.resource.merge import MergeRule
from clawforge.schema import authored_schemas, file_stem

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "reference"
SCHEMAS = authored_schemas()


def example(kind: str) -> Example:
    data = (FOLDER / f"{file_stem(kind)}.yaml").read_bytes()
    documents, _ = compose(data, file="example.yaml")
    return Example(data.decode(), tuple(document.value for document in documents))


PAGES = reference_pages({kind: example(kind) for kind in SCHEMAS})


def rows(page: str) -> Iterator[tuple[str, list[str]]]:
    """Cells of every row of a field, with the heading above it."""
    heading = ""
    for line in page.splitlines():
        heading = line.removeprefix("## ") if line.startswith("## ") else heading
        if line.startswith("| `"):
            yield heading, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def fields(schema: dict[str, Any]) -> Iterator[str]:
    for part in (schema, *schema["$defs"].values()):
        yield from part.get("properties", {})


def test_every_kind_has_a_page_and_a_line_in_the_index() -> None:
    assert PAGES.keys() == {INDEX, *(f"{file_stem(kind)}.md" for kind in SCHEMAS)}
    assert all(f"| [{kind}]({file_stem(kind)}.md) | " in PAGES[INDEX] for kind in SCHEMAS)


@pytest.mark.parametrize("kind", SCHEMAS)
def test_every_field_is_on_the_page_with_type_meaning_and_example(kind: str) -> None:
    found = list(rows(PAGES[f"{file_stem(kind)}.md"]))
    assert {cells[0].strip("`") for _, cells in found} == set(fields(SCHEMAS[kind]))
    for heading, cells in found:
        assert len(cells) in {5, 6}, (heading, cells)
        assert cells[1], (heading, cells)
        assert cells[3].endswith("."), (heading, cells)
        assert cells[-1] or "[mapping" in cells[1], (heading, cells)


@pytest.mark.parametrize("name", PAGES)
def test_links_within_the_pages_lead_to_headings(name: str) -> None:
    for target, anchor in re.findall(r"\]\(([a-z-]*(?:README)?(?:\.md)?)#([^)]+)\)", PAGES[name]):
        headings = re.findall(r"^## (.+)$", PAGES[target or name], re.MULTILINE)
        slugs = {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert any(slug == anchor or slug.startswith(f"{anchor}-") for slug in slugs), (anchor, slugs)


def test_merge_rules_are_explained() -> None:
    page = PAGES["policy.md"]
    assert all(f"\n| {rule.value} | " in page for rule in MergeRule)
    row = next(line for line in page.splitlines() if line.startswith("| `maxStale`"))
    assert "| min; if the base is silent, `1d` | `8h` |" in row


def test_a_pipe_does_not_break_a_table() -> None:
    value = {**example("User").values[0], "metadata": {"name": "a", "labels": {"a": "x|y"}}}
    page = reference_pages({**{kind: example(kind) for kind in SCHEMAS}, "User": Example("", (value,))})["user.md"]
    assert "x\\|y" in page
