"""Lint beside others that read the same files.

yamllint checks how YAML is written; check-jsonschema checks each document against our published schema. Neither knows
what a resource means, so neither finds what lint finds: the figures say what the time of lint is to be compared with.
check-jsonschema reads one document a file, so it is given the same documents in files of their own.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

from generate import write_project
from measure import Figure, measure, program

_ROOT = Path(__file__).parent.parent
_EXAMPLE = _ROOT / "policies.example"
_SCHEMA = _ROOT / "schemas" / "clawforge.schema.json"
_MANY = 10_000
_FINDINGS = (0, 3)
HOW_TO_INSTALL = "The others are not installed: .venv/bin/python -m pip install -e '.[bench]'"


def tables(scratch: Path) -> Iterator[tuple[str, list[Figure]]]:
    """A title and its figures, the first of which is what the others are compared with."""
    yield "the example", list(_figures(_EXAMPLE, scratch / "example"))
    many = scratch / "many"
    write_project(many, _MANY)
    yield f"{_MANY:,} resources, 100 a file", list(_figures(many, scratch / "split"))
    yield f"{_MANY:,} resources, one a file", list(_own(scratch / "split", scratch / "split-cache"))


def _figures(project: Path, split: Path) -> Iterator[Figure]:
    yield from _own(project, split.with_name(f"{split.name}-cache"))
    _split(project, split)
    yamllint, validator = program("yamllint"), program("check-jsonschema")
    if yamllint.exists():
        yield measure("yamllint, relaxed", [yamllint, "-d", "relaxed", project], good=(0, 1))
    if validator.exists():
        files = [file for file in sorted(split.rglob("*.yaml")) if file.name != "clawforge.yaml"]
        yield measure("check-jsonschema", [validator, "--schemafile", _SCHEMA, *files], good=(0, 1))


def _own(project: Path, cache: Path) -> Iterator[Figure]:
    command = [program("clawforge"), "lint", project]
    environment = {"CLAWFORGE_CACHE_DIR": str(cache)}

    def forget() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    yield measure("clawforge lint, cold", command, environment, good=_FINDINGS, before=forget)
    yield measure("clawforge lint, nothing changed", command, environment, good=_FINDINGS)
    if project != _EXAMPLE:
        count = itertools.count()
        changed = next(file for file in sorted(project.rglob("*.yaml")) if file.name != "clawforge.yaml")
        text = changed.read_text()

        def change() -> None:
            changed.write_text(f"{text}# {next(count)}\n")

        yield measure("clawforge lint, one file changed", command, environment, good=_FINDINGS, before=change)
        changed.write_text(text)


def _split(project: Path, target: Path) -> None:
    """The same documents, one a file."""
    for file in sorted(project.rglob("*.yaml")):
        place = target / file.relative_to(project).with_suffix("")
        if file.name == "clawforge.yaml":
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
            continue
        place.mkdir(parents=True, exist_ok=True)
        for index, text in enumerate(file.read_text().split("\n---\n")):
            (place / f"{index:03}.yaml").write_text(text)
