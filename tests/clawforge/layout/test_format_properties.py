"""Whatever people type: formatting is stable, says the same, and leaves every comment with what it speaks of."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from written_yaml import Note, Written, written_files

from clawforge.layout.document import FOREIGN, format_resources, format_text
from clawforge.load.document import Document, unpack
from clawforge.load.resource import parse_resource
from clawforge.load.yaml import compose
from clawforge.resource.meta import Resource
from clawforge.resource.registry import resource_digest

ROOT = Path(__file__).resolve().parents[3]
NOT_OURS = {".git", ".venv", "build", "dist", "node_modules"}
OWN_FILES = sorted(
    path
    for path in ROOT.rglob("*")
    if path.suffix in {".yaml", ".yml"} and not NOT_OURS.intersection(path.relative_to(ROOT).parts)
)

MANY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def formatted(text: str) -> str:
    """The formatted text, which must be accepted and stable."""
    once = format_text(text.encode(), "a.yaml")
    assert once.diagnostics == ()
    again = format_text(once.text, "a.yaml")
    assert (again.text, again.changed, again.diagnostics) == (once.text, False, ())
    return once.text.decode()


def documents(text: str) -> list[Document]:
    found, problems = compose(text.encode(), file="a.yaml")
    assert problems == []
    return found


def comments(text: str) -> list[str]:
    """Every comment, sorted, as the scanner of another library finds it."""
    found: list[str] = []
    waiting: list[Any] = [getattr(token, "_comment", None) for token in YAML(pure=True).scan(io.StringIO(text))]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif item is not None:
            found += [line.strip() for line in item.value.split("\n") if line.strip()]
    return sorted(found)


def digests(text: str) -> list[str]:
    parsed = [parse_resource(document.value) for document in documents(text)]
    return [resource_digest(item) for item in parsed if isinstance(item, Resource)]


@MANY
@given(written_files())
def test_meaning_and_comments_stay(written: Written) -> None:
    text = formatted(written.text)
    assert digests(text) == digests(written.text) == [resource_digest(item) for item in written.resources]
    assert read_by_ruamel(text) == read_by_ruamel(written.text)
    assert text.count("# note ") == len(written.notes)
    lines = text.splitlines()
    read = documents(text)
    for document, resource in zip(read, written.resources, strict=True):
        check_order(document.value, resource.model_dump(mode="json", by_alias=True))
    for note in written.notes:
        (number,) = [number for number, line in enumerate(lines) if note.text in line]
        assert lines[number].endswith(note.text)
        check_neighbour(note, number + 1, lines, read)


def check_neighbour(note: Note, line: int, lines: list[str], read: list[Document]) -> None:
    """That a comment on this line still stands at its owner."""
    if note.place == "loose":
        return
    places: dict[int, set[str]] = {}
    for pointer, packed in read[note.document].positions.items():
        places.setdefault(unpack(packed)[0], set()).add(pointer)
    if note.place in {"below", "tail"}:
        before = places[max(number for number in places if number < line)]
        within = {pointer for pointer in before if pointer.startswith(note.pointer + "/")}
        assert within or (note.place == "below" and note.pointer in before), (note, lines[line - 2 : line])
    else:
        after = min(number for number in places if number >= line)
        owners = note.group or {note.pointer}
        assert owners & places[after], (note, lines[line - 1 : after])


def check_order(value: Any, model: Any) -> None:
    """That keys stand in the order in which the models dump their fields, but for mappings whose keys people choose."""
    if isinstance(value, dict) and isinstance(model, dict):
        assert list(value) == [key for key in model if key in value]
        for key in value.keys() - {"tags", "labels", "annotations", "params"}:
            check_order(value[key], model[key])
    elif isinstance(value, list) and isinstance(model, list | tuple):
        for item, inner in zip(value, model, strict=True):
            check_order(item, inner)


def read_by_ruamel(text: str) -> list[Any]:
    """What another YAML 1.2 reader makes of it; it refuses tabs between words, which stand nowhere else here."""
    return list(YAML(typ="safe", pure=True).load_all(io.StringIO(text.replace("\t", " "))))


@settings(MANY, max_examples=50)
@given(written_files())
def test_line_ends_of_windows_make_no_difference(written: Written) -> None:
    assert formatted(written.text.replace("\n", "\r\n")) == formatted(written.text)


FRAGMENTS = [*"#\n []{},'\"\t?\\é", "# c\n", " # c", "\n\n", "  ", "- ", ": ", "|+\n", ">-\n", "|2\n", "  # z\n"]
MORE_FRAGMENTS = ["---\n", "...\n", "key: ", "? ", "\r\n", "%YAML 1.2\n", "&a", "!t"]


@settings(MANY, max_examples=150)
@given(
    written_files(),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([*FRAGMENTS, *MORE_FRAGMENTS])), min_size=1, max_size=4),
)
def test_damaged_files_are_stable_or_left_alone(written: Written, damage: list[tuple[int, str]]) -> None:
    text = written.text
    for at, fragment in damage:
        at %= len(text) + 1
        text = text[:at] + fragment + text[at:]
    data = text.encode()
    once = format_text(data, "a.yaml")
    if once.diagnostics:
        assert (once.text, once.changed) == (data, False)
    else:
        assert format_text(once.text, "a.yaml").text == once.text


def test_files_of_other_programs_in_this_repository_are_left_alone() -> None:
    foreign = {path.relative_to(ROOT).as_posix() for path in OWN_FILES if codes(path) == [FOREIGN]}
    assert {".github/workflows/ci.yml", ".pre-commit-config.yaml"} <= foreign
    assert not any(name.startswith("policies.example/") for name in foreign)


def codes(path: Path) -> list[str]:
    return [problem.code for problem in format_resources(path.read_bytes(), path.name).diagnostics]


@pytest.mark.parametrize("path", OWN_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_files_of_this_repository(path: Path) -> None:
    data = path.read_bytes()
    for once in (format_resources(data, path.name), format_text(data, path.name)):
        if once.diagnostics:
            assert (once.text, once.changed) == (data, False)
            assert all(problem.code.startswith(("yaml-", FOREIGN)) for problem in once.diagnostics)
    if once.diagnostics:
        return
    text = formatted(data.decode())
    assert [document.value for document in documents(text)] == [document.value for document in documents(data.decode())]
    assert digests(text) == digests(data.decode())
    assert comments(text) == comments(data.decode())
