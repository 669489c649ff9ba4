"""`clawforge init` through the installed program: a newcomer's path, and nothing of anybody's is overwritten."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from programs import Program, clean_environment

from clawforge_cli.schema_files import EDITOR_SCHEMA, EDITOR_SETTINGS
from clawforge_cli.starter import FILES, Preset

TEMPLATES = Path(__file__).resolve().parents[3] / "clawforge_cli" / "templates"
PATHS = [*FILES, EDITOR_SCHEMA, EDITOR_SETTINGS]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """In a directory of its own, with a git that knows nobody."""
    work = tmp_path / "work"
    work.mkdir()
    environment = {**clean_environment(), "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
    return Program(Path(sys.executable).parent / "clawforge", work, environment)


def inside(program: Program, name: str) -> Program:
    return Program(program.path, program.cwd / name, program.environment)


def git(where: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *arguments], cwd=where, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("preset", list(Preset))
def test_every_preset_is_clean_and_in_the_style(program: Program, preset: Preset) -> None:
    program.run("init", "new", "--org", "acme", "--admin", "eve@acme.example", "--source", "main", "--preset", preset)
    new = inside(program, "new")
    assert new.json("lint")["diagnostics"] == []
    new.run("fmt", "--check")
    document = new.json("test", "--coverage")
    assert document["summary"]["failed"] == 0
    assert all(policy["tried"] for policy in document["coverage"]["policies"])
    plan = new.json("plan", "--offline")
    assert (plan["org"], plan["source"]) == ("acme", "main")
    assert "User/eve" in {change["address"] for change in plan["changes"]}
    assert not any("__" in path.read_text() for path in new.cwd.rglob("*.*") if path.is_file())


def test_strict_allows_less(program: Program) -> None:
    verdicts = {}
    for preset in Preset:
        program.run("init", preset, "--preset", preset)
        call = ("can", "admin", "web_fetch", "--params", '{"url": "https://example.com/"}')
        verdicts[preset] = inside(program, preset).finish(*call).returncode
    assert verdicts == {Preset.STARTER: 0, Preset.STRICT: 3}


@pytest.mark.parametrize(
    ("name", "org", "enter"),
    [
        ("My Policies_2", "my-policies-2", "cd 'My Policies_2'"),
        ("\u00fcn\u00ef", "uni", "cd '\u00fcn\u00ef'"),
        ("-x", "x", "cd ./-x"),
        ("deep/er/007", "007", "cd deep/er/007"),
        ("null", "null", "cd null"),
        ("it's", "it-s", "cd 'it'\"'\"'s'"),
        (f"{'long-' * 15}end", f"{'long-' * 12}lon", f"cd {'long-' * 15}end"),
    ],
)
def test_the_org_is_named_after_the_directory(program: Program, name: str, org: str, enter: str) -> None:
    out = program.run("init", "--yes", "--", name)
    assert f"  {enter}\n" in out
    assert f"  org:   {org}\n" in out
    new = inside(program, name)
    assert new.json("plan", "--offline")["org"] == org
    new.run("fmt", "--check")
    new.run("test")


def test_a_name_that_says_nothing_to_us_is_asked_for(program: Program) -> None:
    done = program.finish("init", "\u65e5\u672c")
    assert done.returncode == 1
    assert "--org acme" in done.stderr
    assert list(program.cwd.iterdir()) == []
    program.run("init", "\u65e5\u672c", "--org", "japan")


def test_the_admin_is_whom_git_knows(program: Program) -> None:
    Path(program.environment["GIT_CONFIG_GLOBAL"]).write_text("[user]\n\temail = Null@Acme.example\n")
    assert "  owner: null@acme.example\n" in program.run("init", "one")
    one = inside(program, "one")
    assert one.json("lint")["diagnostics"] == []
    assert one.run("test").endswith(" 0 failed.\n")
    assert "  owner: eve@acme.example\n" in program.run("init", "two", "--admin", "eve@acme.example")


@pytest.mark.parametrize("configured", ["", "nobody", "a b@c", "\x1b[31m@x.y"])
def test_an_address_that_git_does_not_know_is_made_up_and_said(program: Program, configured: str) -> None:
    said = Program(
        program.path,
        program.cwd,
        {
            **program.environment,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "user.email",
            "GIT_CONFIG_VALUE_0": configured,
        },
    ).run("init", "new")
    assert "  owner: admin@new.example (nobody yet: pass --admin, or change policies/people.yaml)\n" in said
    assert inside(program, "new").json("lint")["diagnostics"] == []


def test_no_git_is_no_trouble(program: Program) -> None:
    out = program.with_environment(PATH="/nowhere").run("init", "new")
    assert "  owner: admin@new.example (nobody yet" in out


def test_what_is_there_stays(program: Program) -> None:
    for path in ("README.md", ".vscode/settings.json", ".github/CODEOWNERS", "policies/tests/mine.txt"):
        (program.cwd / path).parent.mkdir(parents=True, exist_ok=True)
        (program.cwd / path).write_text("mine")
    git(program.cwd, "init", "--quiet")
    out = program.run("init", "--org", "acme")
    assert "Wrote 11 files to this directory.\n" in out
    assert "  kept:  README.md, .github/CODEOWNERS, .vscode/settings.json\n" in out
    assert "`clawforge schema --editor` says what to add to .vscode/settings.json" in out
    assert "cd " not in out
    assert not (program.cwd / "CODEOWNERS").exists()
    assert (program.cwd / "README.md").read_text() == "mine"
    assert program.run("lint").endswith("no problems.\n")
    assert program.run("test").endswith(" 0 failed.\n")


def test_yaml_of_other_programs_beside_it_is_not_read(program: Program) -> None:
    foreign = {
        "docker-compose.yml": "x: &x {restart: always}\nservices: {web: *x}\n",
        ".github/workflows/other.yml": "on: push\n",
        "mkdocs.yml": "site_name: x\nextra: !!python/name:os.system\n",
        "tests/cases.yaml": "- a: [\n",
    }
    for path, text in foreign.items():
        (program.cwd / path).parent.mkdir(parents=True, exist_ok=True)
        (program.cwd / path).write_text(text)
    program.run("init", "--org", "acme")
    assert program.run("lint") == "9 resources in 7 files: no problems.\n"
    program.run("fmt", "--check")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_overwritten(program: Program, path: str) -> None:
    mine = program.cwd / path
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.symlink_to("nowhere") if path == "README.md" else mine.write_text("mine")
    done = program.finish("init", "--org", "acme")
    if path == "clawforge.yaml":
        assert done.returncode == 1
        assert "is a project already" in done.stderr
        assert [item for item in program.cwd.rglob("*") if not item.is_dir()] == [mine]
    else:
        assert done.returncode == 0
        assert f"  kept:  {path}\n" in done.stdout
        assert sum(not item.is_dir() for item in program.cwd.rglob("*")) == len(PATHS)
    assert os.readlink(mine) == "nowhere" if path == "README.md" else mine.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--org", "A B"], "'A B' cannot be the name of an org."),
        (["--org", "acme\n"], "cannot be the name of an org."),
        (["--source", "../x"], "'../x' cannot be the name of a source."),
        (["--preset", "loose"], "loose"),
        (["--admin", "eve"], "'eve' is no e-mail address."),
        (["--admin", 'a"b@x.y'], "is no e-mail address."),
    ],
)
def test_answers_are_checked_first(program: Program, arguments: list[str], message: str) -> None:
    done = program.finish("init", "new", *arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert list(program.cwd.iterdir()) == []


def test_a_file_in_the_way_is_said_and_nothing_is_left(program: Program) -> None:
    (program.cwd / "new").write_text("")
    assert "new is no directory." in program.finish("init", "new").stderr
    (program.cwd / "policies").write_text("")
    done = program.finish("init", "--org", "acme")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(item.name for item in program.cwd.iterdir()) == ["new", "policies"]


def test_a_link_that_leads_elsewhere_is_not_written_through(program: Program) -> None:
    elsewhere = program.cwd.parent / "elsewhere"
    elsewhere.mkdir()
    (program.cwd / ".github").symlink_to(elsewhere)
    done = program.finish("init", "--org", "acme")
    assert done.returncode == 1
    assert ".github is a symbolic link" in done.stderr
    assert list(elsewhere.iterdir()) == []
    assert [item.name for item in program.cwd.iterdir()] == [".github"]


def test_where_a_project_lies_is_minded(program: Program) -> None:
    git(program.cwd, "init", "--quiet")
    out = program.run("init", "outer")
    assert f"{program.cwd.resolve()} is the top of the git repository" in out
    assert "is a project too" not in out
    assert f"{program.cwd.resolve() / 'outer'} is a project too" in program.run("init", "outer/policies/inner")
    assert "nested-project" in program.finish("lint", "outer").stdout
    assert "top of the git repository" not in program.run("init", "--org", "acme")


@pytest.mark.parametrize("globs", ["include: [policies/**]", "exclude: [inner]", "exclude: ['in*/**', inner]"])
def test_a_project_around_it_that_leaves_it_out_is_no_trouble(program: Program, globs: str) -> None:
    program.run("init", "--org", "acme")
    file = program.cwd / "clawforge.yaml"
    file.write_text(re.sub(r"(?m)^(include|exclude):.*(\n[ -].*)*", "", file.read_text()) + globs + "\n")
    assert "is a project too" not in program.run("init", "inner")
    assert "nested-project" not in program.finish("lint").stdout


def at_a_terminal(program: Program, *arguments: str, answers: bytes = b"") -> tuple[int, str]:
    """The exit code of a command with a person in front of it, and all that stood on the terminal."""
    environment = {name: value for name, value in program.environment.items() if name != "CI"}
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [program.path, *arguments], cwd=program.cwd, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    os.write(ours, answers)
    said = b""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says that all other ends are closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    return process.wait(timeout=30), said.decode()


def test_a_person_at_a_terminal_is_asked_two_things(program: Program) -> None:
    code, said = at_a_terminal(program, "init", "new", answers=b"\nnobody\neve@acme.example\n")
    assert code == 0, said
    assert said.count("Name of the org [new]:") == 1
    assert said.count("E-mail of its admin [admin@new.example]:") == 2
    assert "'nobody' is no e-mail address." in said
    assert "owner: eve@acme.example" in said


@pytest.mark.parametrize("arguments", [("--yes",), ("--org", "acme", "--admin", "eve@acme.example")])
def test_who_has_answered_is_asked_nothing(program: Program, arguments: tuple[str, ...]) -> None:
    code, said = at_a_terminal(program, "init", "new", *arguments)
    assert code == 0, said
    assert "]:" not in said


def test_going_away_at_a_question_writes_nothing(program: Program) -> None:
    code, said = at_a_terminal(program, "init", "new", answers=b"acme\n\x04")
    assert code == 1, said
    assert list(program.cwd.iterdir()) == []


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

    git(new, "init", "--quiet")
    git(new, "add", "--all")
    git(new, "commit", "--quiet", "--message", "first")
    base = git(new, "rev-parse", "HEAD").strip()
    organization = new / "policies" / "organization.yaml"
    organization.write_text(organization.read_text().replace("maxStale: 12h", "maxStale: 8h"))
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
    assert '      ~ spec.offline.maxStale: "12h" -> "8h"\n' in text
    assert "\nPlan: 0 to add, 1 to change, 0 to destroy.\n" in text
    assert text.endswith("\n```\n")


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
    globs = settings[path]
    covered = {file for glob in globs for file in new.glob(glob)}
    assert covered == {new / name for name in FILES if name.endswith(".yaml") and not name.startswith(".")}
    for file in covered:
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
