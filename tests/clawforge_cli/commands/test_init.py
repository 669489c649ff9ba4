"""`clawforge init` through the installed program: a newcomer's path, and nothing of anybody's is overwritten."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from programs import Program

from clawforge_cli.starter import FILES, Preset

TEMPLATES = Path(__file__).resolve().parents[3] / "clawforge_cli" / "templates"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(Path(sys.executable).parent / "clawforge", tmp_path)


def inside(program: Program, name: str) -> Program:
    return Program(program.path, program.cwd / name, program.environment)


def test_the_path_of_a_newcomer(program: Program) -> None:
    command = "clawforge init demo && cd demo && clawforge lint && clawforge test && clawforge plan --offline"
    path = f"{program.path.parent}{os.pathsep}{program.environment['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=program.cwd,
        env={**program.environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written, _, rest = done.stdout.partition("\n9 resources in 7 files: no problems.\n")
    assert written.startswith("Wrote 14 files for the org demo to demo.\n\nNext:\n  cd demo\n  clawforge lint\n")
    tested, _, planned = rest.partition("\n")
    assert tested == "17 passed, 0 failed."
    assert "  + Policy/default will be created (policies/default.yaml:2)\n" in planned
    assert planned.endswith("Plan: 9 to add, 0 to change, 0 to destroy.\n")
    assert done.stderr == (
        "Offline: compared with an empty control plane. This plan is unsigned and cannot be applied.\n"
        "Check lint: 9 passed.\n"
        "Check test: 17 passed.\n"
    )


@pytest.mark.parametrize("preset", list(Preset))
def test_every_preset_is_clean_and_in_the_style(program: Program, preset: Preset) -> None:
    program.run("init", "new", "--org", "acme", "--source", "main", "--preset", preset)
    new = inside(program, "new")
    assert new.json("lint")["diagnostics"] == []
    new.run("fmt", "--check")
    document = new.json("test", "--coverage")
    assert document["summary"]["failed"] == 0
    assert all(policy["tried"] for policy in document["coverage"]["policies"])
    plan = new.json("plan", "--offline")
    assert (plan["org"], plan["source"]) == ("acme", "main")
    assert not any("__" in path.read_text() for path in new.cwd.rglob("*.yaml"))


def test_strict_allows_less(program: Program) -> None:
    verdicts = {}
    for preset in Preset:
        program.run("init", preset, "--preset", preset)
        call = ("can", "ada", "web_fetch", "--params", '{"url": "https://example.com/"}')
        verdicts[preset] = inside(program, preset).finish(*call).returncode
    assert verdicts == {Preset.STARTER: 0, Preset.STRICT: 3}


def test_the_org_is_named_after_the_directory(program: Program) -> None:
    program.run("init", "My Policies_2")
    assert "org: my-policies-2\n" in (program.cwd / "My Policies_2" / "clawforge.yaml").read_text()
    assert "  cd 'My Policies_2'\n" not in program.run("init", "plain")


def test_a_directory_with_other_files_is_taken(program: Program) -> None:
    (program.cwd / "notes.txt").write_text("mine")
    out = program.run("init", "--org", "acme")
    assert "cd " not in out
    assert program.run("lint").endswith("no problems.\n")


@pytest.mark.parametrize("path", [*FILES, ".vscode/clawforge.schema.json"])
def test_nothing_is_overwritten(program: Program, path: str) -> None:
    mine = program.cwd / path
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.symlink_to("nowhere") if path == "README.md" else mine.write_text("mine")
    done = program.finish("init", "--org", "acme")
    assert done.returncode == 1
    assert f"already holds {path}" in done.stderr
    assert [item for item in program.cwd.rglob("*") if not item.is_dir()] == [mine]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--org", "A B"], "'A B' cannot be the name of an org."),
        (["--org", "acme\n"], "cannot be the name of an org."),
        (["--source", "../x"], "'../x' cannot be the name of a source."),
        (["--preset", "loose"], "loose"),
    ],
)
def test_names_are_checked_first(program: Program, arguments: list[str], message: str) -> None:
    done = program.finish("init", "new", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert list(program.cwd.iterdir()) == []


def test_a_file_in_the_way_is_said(program: Program) -> None:
    (program.cwd / "new").write_text("")
    done = program.finish("init", "new")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_person_at_a_terminal_is_asked_for_the_org_only(program: Program) -> None:
    environment = {name: value for name, value in program.environment.items() if name != "CI"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [program.path, "init", "new"], cwd=program.cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, b"acme\n")
    assert process.wait(timeout=30) == 0
    said = os.read(ours, 65536).decode()
    os.close(ours)
    assert said.count("[new]") == 1
    assert "for the org acme" in said


def workflow(program: Program) -> Any:
    program.run("init", "new", "--org", "acme")
    return yaml.safe_load((program.cwd / "new" / ".github" / "workflows" / "clawforge.yml").read_text())


def test_the_workflow_may_read_and_no_more(program: Program) -> None:
    document = workflow(program)
    assert document["permissions"] == {"contents": "read"}
    # YAML 1.1 reads `on` as true.
    assert document[True] == {"pull_request": None, "push": {"branches": ["main"]}}
    (job,) = document["jobs"].values()
    assert "permissions" not in job
    uses = [step["uses"] for step in job["steps"] if "uses" in step]
    assert uses == ["actions/checkout@v5", "actions/setup-python@v6"]
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs[0] == 'python -m pip install "${PACKAGE:?set the repository variable CLAWFORGE_PACKAGE}"'
    assert not any("${{" in run for run in runs)


def test_the_workflow_plans_against_the_base_of_the_pull_request(program: Program) -> None:
    (job,) = workflow(program)["jobs"].values()
    step = next(step for step in job["steps"] if step.get("name") == "Plan")
    new, temporary = program.cwd / "new", program.cwd / "temporary"
    temporary.mkdir()

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
        return subprocess.run(["git", *who, *arguments], cwd=new, check=True, capture_output=True, text=True).stdout

    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "first")
    base = git("rev-parse", "HEAD").strip()
    policy = new / "policies" / "default.yaml"
    policy.write_text(policy.read_text().replace("session_status, ", ""))
    summary = program.cwd / "summary.md"
    environment = {
        **program.environment,
        "PATH": f"{program.path.parent}{os.pathsep}{program.environment['PATH']}",
        "BASE": base,
        "RUNNER_TEMP": str(temporary),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=new, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    text = summary.read_text()
    assert text.startswith("```\n")
    assert '          - "session_status"\n' in text
    assert text.endswith("Plan: 0 to add, 1 to change, 0 to destroy.\n```\n")


def test_hooks_run_the_installed_program(program: Program) -> None:
    program.run("init", "new")
    (repo,) = yaml.safe_load((program.cwd / "new" / ".pre-commit-config.yaml").read_text())["repos"]
    assert repo["repo"] == "local"
    for hook in repo["hooks"]:
        name, *arguments = hook["entry"].split()
        assert name == "clawforge"
        inside(program, "new").run(*arguments)


def test_the_editor_gets_the_schema_that_the_files_keep(program: Program) -> None:
    program.run("init", "new")
    new = program.cwd / "new"
    settings = json.loads((new / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    (path,) = settings
    schema = json.loads((new / path).read_text())
    validator = jsonschema.Draft202012Validator(schema)
    for file in new.rglob("*.yaml"):
        if not file.name.startswith("."):
            for document in yaml.safe_load_all(file.read_text()):
                validator.validate(document)


def test_the_wheel_holds_every_template(built_wheel: Path) -> None:
    with zipfile.ZipFile(built_wheel) as archive:
        shipped = {name for name in archive.namelist() if name.startswith("clawforge_cli/templates/")}
    assert {f"clawforge_cli/templates/starter/{name}" for name in FILES.values()} <= shipped
    assert not [path for path in TEMPLATES.rglob("*.*") if "__pycache__" not in path.parts and unshipped(path, shipped)]


def unshipped(path: Path, shipped: set[str]) -> bool:
    return path.is_file() and f"clawforge_cli/templates/{path.relative_to(TEMPLATES).as_posix()}" not in shipped


def test_a_preset_replaces_templates_that_exist() -> None:
    own = {path.name for path in (TEMPLATES / "strict").iterdir()}
    assert own
    assert own <= set(FILES.values())
    assert {path.name for path in (TEMPLATES / "starter").iterdir()} == set(FILES.values())
