"""Whatever becomes of the example's files, lint answers in every form, and nothing in its answer acts."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge_cli.__main__ import run

EXAMPLE = Path(__file__).resolve().parents[3] / "policies.example"
FILES = sorted(path.relative_to(EXAMPLE) for path in EXAMPLE.rglob("*.yaml"))
PIECES = st.sampled_from(
    [
        "\x1b[31m",
        "\u202e",
        '"\\u202e\\u200b"',
        '"\\e[2J"',
        "\x00",
        "\r",
        "\t",
        "---\n",
        "[",
        "}",
        ": ",
        "&a ",
        "*a",
        "!!x ",
        "# clawforge: ignore[",
        '  # clawforge: ignore[no-base] reason="\u202e" until=2027-01-31\n',
        "'",
        '"',
        "{0}](x)",
        "::error::\n",
        "<b>|`@x",
        "null",
        "-1",
        "\ufeff",
        "é日",
        "]]>",
    ]
)
FORMS = ("text", "json", "sarif", "junit", "github", "markdown")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("fuzz") / "example"
    shutil.copytree(EXAMPLE, root)
    before = os.environ.get("CLAWFORGE_TRACE")
    os.environ["CLAWFORGE_TRACE"] = "1"
    yield root
    os.environ.pop("CLAWFORGE_TRACE")
    if before is not None:
        os.environ["CLAWFORGE_TRACE"] = before


@st.composite
def mutations(draw: st.DrawFn) -> tuple[Path, str]:
    """A file of the example, and what becomes of it."""
    file = draw(st.sampled_from(FILES))
    text = (EXAMPLE / file).read_text()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        end = min(len(text), at + draw(st.sampled_from([0, 0, 1, 5, 40])))
        text = text[:at] + draw(PIECES | st.just("")) + text[end:]
    return file, text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutations(), st.sampled_from(FORMS), st.booleans())
def test_mutated_examples(project: Path, mutation: tuple[Path, str], form: str, fix: bool) -> None:
    file, text = mutation
    (project / file).write_bytes(text.encode("utf-8", "surrogatepass"))
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["lint", str(project), "--format", form, *(["--fix"] if fix else [])])
    finally:
        for path in FILES:
            shutil.copyfile(EXAMPLE / path, project / path)
    printed = out.getvalue()
    assert code in {0, 3}
    assert not [item for item in printed.replace("\n", "") if unicodedata.category(item) in {"Cc", "Cf", "Zl", "Zp"}]
    if form in {"json", "sarif"}:
        json.loads(printed)
    elif form == "junit":
        ElementTree.fromstring(printed)
    elif form == "github":
        assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in printed.splitlines())
