"""An invisible character is told once, wherever it stands and however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawforge.lint.engine import diagnose
from clawforge.load.project import load_project

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
ABOUT = {"yaml-invisible-character", "invisible-characters-in-text", "invalid-value"}
RAW, ESCAPED = "\u200b", "\\u200b"


def found(root: Path, text: str) -> list[str]:
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(text)
    return [
        f"{item.code} {item.location[1]}:{item.location[2]}"
        for item in diagnose(load_project(root))
        if item.code in ABOUT
    ]


def group(name: str = "eng", rest: str = "") -> str:
    return f'apiVersion: clawforge/v1\nkind: Group\nmetadata: {{name: "{name}"}}\n{rest}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (group(rest=f'spec: {{description: "a{RAW}b"}}\n'), ["yaml-invisible-character 4:23"]),
        (group(rest=f'spec: {{description: "a{ESCAPED}b"}}\n'), ["invisible-characters-in-text 4:8"]),
        (group(rest=f"spec:\n  description: |\n    a\n    b{RAW}c\n"), ["yaml-invisible-character 7:6"]),
        (group(rest=f"# a{RAW}b\n"), ["yaml-invisible-character 4:4"]),
        (group(name=f"e{RAW}ng"), ["invalid-value 3:18"]),
        (group(name=f"e{ESCAPED}ng"), ["invalid-value 3:18"]),
        (
            group(rest=f'spec: {{description: "a{RAW}b", members: {{users: ["a{RAW}b"]}}}}\n'),
            ["invalid-value 4:46"],
        ),
        (
            group(rest=f'spec: {{description: "a{RAW}b"}}\n---\n')
            + group("two", f'spec: {{description: "{ESCAPED}"}}\n'),
            ["yaml-invisible-character 4:23", "invisible-characters-in-text 9:8"],
        ),
        (
            group().replace("{name", f'{{annotations: {{a: "{RAW}"}}, name') + f'spec: {{description: "{ESCAPED}"}}\n',
            ["yaml-invisible-character 3:30", "invisible-characters-in-text 4:8"],
        ),
    ],
)
def test_it_is_told_once(tmp_path: Path, text: str, told: list[str]) -> None:
    assert found(tmp_path, text) == told
