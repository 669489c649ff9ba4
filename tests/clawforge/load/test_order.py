"""In which files resources stand, in which order, and in which order their keys: a plan sees nothing of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge.load.project import load_project
from clawforge.planning import make_plan
from clawforge.proposal import Proposal
from clawforge.state import State, entries_of

EXAMPLE = Path(__file__).parents[3] / "policies.example"
HEAD = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"


def entries(root: Path) -> dict[str, Any]:
    project = load_project(root)
    assert not project.diagnostics
    return entries_of(project.values, "main")


ORIGINAL = entries(EXAMPLE)
VALUES = [entry.value() for entry in ORIGINAL.values()]


def shuffled(value: Any, chance: Any) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@given(st.randoms(use_true_random=False), st.integers(1, 9))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_neither_files_nor_the_order_of_anything_matter(tmp_path: Path, chance: Any, files: int) -> None:
    values = [shuffled(value, chance) for value in VALUES]
    chance.shuffle(values)
    for file in tmp_path.glob("*.yaml"):
        file.unlink()
    (tmp_path / "clawforge.yaml").write_text(HEAD)
    for number in range(files):
        # JSON is YAML, and keeps keys as they come.
        text = "---\n".join(orjson.dumps(value).decode() + "\n" for value in values[number::files])
        (tmp_path / f"part-{number}.yaml").write_text(text)
    found = entries(tmp_path)
    planned = make_plan(Proposal("acme", "main", found, {}), State(1, ORIGINAL), {})
    assert planned.plan.is_empty
    assert State(1, found).digest == State(1, ORIGINAL).digest
