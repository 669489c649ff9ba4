"""The reader of pages finds what differs, and lets through only what the page leaves open."""

from __future__ import annotations

import subprocess

import pytest
from console_page import matches, read_steps, script, split_output

PAGE = """\
Text.

```console
$ echo one
one
$ printf 'a\\n%s\\n' \\
>   b
a
b
$ false; echo "exit $?"
exit 1
```

```yaml file=deep/er/file.yaml
key: "it's"
```

```sh
not run
```

```console
$ cat deep/er/file.yaml
key: "it's"
```
"""


def outputs(page: str) -> dict[str, list[str]]:
    done = subprocess.run(["bash", "-c", script(read_steps(page))], capture_output=True, text=True, check=False)
    return split_output(done.stdout)


def test_steps_are_read_with_their_lines() -> None:
    steps = read_steps(PAGE)
    assert [step.line for step in steps] == [4, 6, 10, 14, 23]
    assert steps[1].command == "printf 'a\\n%s\\n' \\\n  b"
    assert steps[3].file == "deep/er/file.yaml"


def test_steps_run_in_one_shell(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    printed = outputs(PAGE)
    for index, step in enumerate(read_steps(PAGE)):
        assert matches(step.expected, printed[str(index)]), step
    assert "done" in printed


def test_a_failing_command_stops_the_page() -> None:
    printed = outputs("```console\n$ cd /\n$ false\n$ echo never\n```\n")
    assert "done" not in printed
    assert "2" not in printed
    assert printed["1"] == ["(it ended with 1)"]


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ([], [], True),
        ([], ["something"], False),
        (["a"], ["a", ""], True),
        (["a"], ["b"], False),
        (["a"], ["a", "b"], False),
        (["..."], [], True),
        (["..."], ["a", "b"], True),
        (["a", "..."], ["a"], True),
        (["a", "..."], ["a", "b", "c"], True),
        (["...", "c"], ["c"], True),
        (["...", "c"], ["a", "b", "c"], True),
        (["a", "...", "c"], ["a", "c"], True),
        (["a", "...", "c"], ["a", "b", "c"], True),
        (["a", "...", "c"], ["a", "b"], False),
        (["revision ... by x"], ["revision 17 by x"], True),
        (["revision ... by x"], ["revision 17 by y"], False),
        (["a ... b"], ["a 1", "2 b"], False),
        (["1.5"], ["1x5"], False),
    ],
)
def test_three_dots_are_all_that_is_left_open(expected: list[str], actual: list[str], same: bool) -> None:
    assert matches(expected, actual) is same


@pytest.mark.parametrize("page", ["```console\nno command\n```\n", "```console\n$ ls\n"])
def test_a_page_that_cannot_be_read_is_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="line"):
        read_steps(page)
