"""`clawforge codeowners` and `clawforge pre-commit`: blocks of ours in files that people wrote."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_in_process import run_here
from git_repository import Repository
from owners_by_git import read_by_git
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[3]
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
POLICIES = """\
apiVersion: clawforge/v1
kind: Organization
metadata: {name: acme}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: ann}
spec: {email: ann@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob}
spec: {email: bob@acme.example}
---
apiVersion: clawforge/v1
kind: RoleBinding
metadata: {name: approvers}
spec:
  role: approver
  subjects: {users: [ann, bob]}
---
apiVersion: clawforge/v1
kind: ServiceAccount
metadata: {name: pipeline}
spec:
  permissions: ["plans:vouch"]
  expires: 2099-06-30T00:00:00Z
  federated:
    issuer: https://token.actions.githubusercontent.com
    subject: repo:acme/policies:environment:production
    audience: clawforge.acme.example
    claims: {ref_protected: "true"}
---
apiVersion: clawforge/v1
kind: Group
metadata:
  name: security
  annotations: {clawforge.io/github-team: "@acme/security", clawforge.io/gitlab-group: "@acme/sec"}
spec:
  members: {users: [ann, bob]}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {name: default}
spec: {appliesTo: everyone}
---
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: security}
spec:
  signedCommits: true
  approvals:
    - match: {paths: ["policies/**"]}
      from: {groups: [security]}
      count: 2
"""
MARK = "from the ChangePolicies, by `clawforge codeowners --write`"
BLOCK = f"""\
# BEGIN clawforge fleet/: {MARK}
/fleet/policies/ @acme/security
# Not said here: ChangePolicy/security rule 1: it asks for 2, which owners cannot say.
# END clawforge fleet/
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.at(tmp_path / "repository")
    (made.root / "fleet").mkdir()
    (made.root / "fleet" / "clawforge.yaml").write_text(PROJECT)
    (made.root / "fleet" / "all.yaml").write_text(POLICIES)
    run_here({}, "fmt", str(made.root / "fleet"))
    return made


def owners(repository: Repository, *options: str, status: int = 0) -> str:
    done = run_here({}, "codeowners", str(repository.root / "fleet"), *options, status=status)
    return done.stdout + done.stderr


def hooks(repository: Repository, *options: str, status: int = 0) -> str:
    done = run_here({}, "pre-commit", str(repository.root / "fleet"), *options, status=status)
    return done.stdout + done.stderr


def test_what_people_wrote_around_the_block_stays(repository: Repository) -> None:
    assert "does not say what the ChangePolicies ask for" in owners(repository, "--check", status=3)
    assert owners(repository) == BLOCK.partition("\n")[2].removesuffix("# END clawforge fleet/\n")
    owners(repository, "--write")
    path = repository.root / "CODEOWNERS"
    assert path.read_text() == BLOCK
    path.write_text("* @acme/all\n")
    owners(repository, "--write")
    assert path.read_text() == f"* @acme/all\n\n{BLOCK}"
    assert "says so already" in owners(repository, "--write")
    path.write_bytes(f"# ours\n* @x\n{BLOCK.replace('@acme', '@old')}/docs/ @docs\n".replace("\n", "\r\n").encode())
    said = owners(repository, "--write")
    assert "lines follow ours, and may win over them" in said
    assert path.read_bytes().decode() == f"# ours\n* @x\n{BLOCK}/docs/ @docs\n".replace("\n", "\r\n")
    owners(repository, "--check")


def test_the_file_that_the_forge_reads_is_the_one(repository: Repository) -> None:
    (repository.root / ".github").mkdir()
    (repository.root / ".github" / "CODEOWNERS").write_text("* @x\n")
    owners(repository, "--write")
    assert BLOCK in (repository.root / ".github" / "CODEOWNERS").read_text()
    owners(repository, "--write", "--forge", "gitlab")
    written = (repository.root / "CODEOWNERS").read_text()
    assert "\n[ChangePolicy/security rule 1][2]\n/fleet/policies/ @acme/sec\n" in written
    (repository.root / "CODEOWNERS").unlink()
    (repository.root / "CODEOWNERS").symlink_to("/etc/passwd")
    assert "is a symbolic link" in owners(repository, "--write", "--forge", "gitlab", status=1)


EVERYTHING = POLICIES.replace('match: {paths: ["policies/**"]}', 'match: {paths: ["**"]}')
THEIR_OWNERS = "* @acme/all\n\n# Workflows run with secrets.\n/.github/ @acme/platform\n/docs/ @acme/docs\n"


def at_the_top(repository: Repository, text: str) -> Path:
    """A project that is the repository, with a rule for all of its files, and the CODEOWNERS that people wrote."""
    (repository.root / "clawforge.yaml").write_text(PROJECT)
    (repository.root / "all.yaml").write_text(EVERYTHING)
    run_here({}, "fmt", str(repository.root / "all.yaml"))
    path = repository.root / "CODEOWNERS"
    path.write_bytes(text.encode())
    return path


def of_the_top(repository: Repository, *options: str) -> str:
    done = run_here({}, "codeowners", str(repository.root), *options)
    return done.stdout + done.stderr


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_rule_for_everything_takes_no_folder_from_its_owners(repository: Repository, ending: str) -> None:
    shutil.rmtree(repository.root / "fleet")
    path = at_the_top(repository, THEIR_OWNERS.replace("\n", ending))
    said = of_the_top(repository, "--write")
    text = path.read_bytes().decode().replace(ending, "\n")
    lines = text.splitlines()
    paths = [".github/workflows/ci.yml", "docs/a.md", "policies/a.yaml"]
    assert read_by_git(repository, lines, paths) == {
        paths[0]: ("@acme/platform",),
        paths[1]: ("@acme/docs",),
        paths[2]: ("@acme/security",),
    }
    assert text.startswith("* @acme/all\n\n# BEGIN clawforge ./:")
    assert text.endswith("# END clawforge ./\n" + THEIR_OWNERS.partition("\n\n")[2])
    assert "ours win over line 1 (*)" in said
    assert "/.github/" not in said
    assert "lines follow ours, and may win over them" in said
    assert "says so already" in of_the_top(repository, "--write")


def test_a_block_that_takes_files_away_says_from_which_line(repository: Repository) -> None:
    """It was written behind them once, and people may want it there."""
    shutil.rmtree(repository.root / "fleet")
    path = at_the_top(repository, "")
    of_the_top(repository, "--write")
    block = path.read_text()
    path.write_text(f"{THEIR_OWNERS}{block}")
    said = of_the_top(repository, "--check")
    assert "ours win over line 4 (/.github/)" in said
    assert "ours win over line 5 (/docs/)" in said
    assert path.read_text() == f"{THEIR_OWNERS}{block}"
    written = of_the_top(repository, "--check", "--forge", "github")
    assert "its owners are not asked" in written
    path.write_text(THEIR_OWNERS)
    of_the_top(repository, "--write", "--forge", "gitlab")
    assert path.read_text().startswith(f"{THEIR_OWNERS}\n# BEGIN clawforge ./:")
    assert "ours win over" not in of_the_top(repository, "--check", "--forge", "gitlab")


def test_blocks_of_two_projects_do_not_lie_in_one_another(repository: Repository) -> None:
    owners(repository, "--write")
    other = (repository.root / "CODEOWNERS").read_text()
    run_here({}, "fmt", str(repository.root / "fleet"))
    path = at_the_top(repository, f"/x/ @x\n{other}/docs/ @acme/docs\n")
    (repository.root / "clawforge.yaml").write_text(f"{PROJECT}exclude: [fleet]\n")
    of_the_top(repository, "--write")
    text = path.read_text()
    assert text.count(other) == 1
    assert text.index("# END clawforge ./") < text.index("/x/ @x")
    path.write_text(f"{other}/docs/ @acme/docs\n")
    of_the_top(repository, "--write")
    assert path.read_text().endswith(f"# END clawforge ./\n{other}/docs/ @acme/docs\n")


@pytest.mark.parametrize(
    "text",
    ["# BEGIN clawforge fleet/: x\n", "# END clawforge fleet/\n", BLOCK + BLOCK, "\n".join(BLOCK.split("\n")[::-1])],
)
def test_half_a_block_is_left_to_people(repository: Repository, text: str) -> None:
    (repository.root / "CODEOWNERS").write_text(text)
    assert "are not there once each" in owners(repository, "--write", status=1)
    assert (repository.root / "CODEOWNERS").read_text() == text


def test_without_rules_nothing_is_written(repository: Repository) -> None:
    text = POLICIES.partition("---\napiVersion: clawforge/v1\nkind: ChangePolicy")[0]
    owners(repository, "--write")
    (repository.root / "fleet" / "all.yaml").write_text(text)
    owners(repository, "--write")
    assert (repository.root / "CODEOWNERS").read_text().count("\n") == 2
    (repository.root / "CODEOWNERS").unlink()
    owners(repository, "--write")
    assert not (repository.root / "CODEOWNERS").exists()


def configuration(repository: Repository) -> Any:
    return YAML(typ="safe").load((repository.root / ".pre-commit-config.yaml").read_text())


def test_hooks_run_as_they_are_written(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository.root)
    hooks(repository, "--check", status=3)
    hooks(repository, "--write")
    hooks(repository, "--check")
    assert "ChangePolicy/security wants signed commits" in (repository.root / ".pre-commit-config.yaml").read_text()
    assert [hook["id"] for hook in configuration(repository)["repos"][0]["hooks"]] == [
        "clawforge-fmt",
        "clawforge-lint",
        "clawforge-test",
    ]
    owners(repository, "--write", "--forge", "gitlab")
    assert "does not have the hooks" in hooks(repository, "--check", status=3)
    hooks(repository, "--write")
    (local,) = configuration(repository)["repos"]
    assert local["hooks"][-1]["entry"] == "clawforge codeowners --check --forge gitlab fleet"
    for hook in local["hooks"]:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        program, *arguments = shlex.split(hook["entry"])
        assert program == "clawforge"
        run_here({}, *arguments)


THEIRS = """\
# Ours.
default_stages: [pre-commit]
repos:
    # From elsewhere.
    - repo: https://example.com/hooks
      rev: &rev v1
      hooks:
          - id: black
            args: [*rev]
exclude: ^old/
"""


def test_other_hooks_stay(repository: Repository) -> None:
    path = repository.root / ".pre-commit-config.yaml"
    path.write_text(THEIRS)
    hooks(repository, "--write")
    text = path.read_text()
    start, end = text.index("    # BEGIN clawforge fleet/:"), text.index("    # END clawforge fleet/\n")
    assert text[:start] + text[end + len("    # END clawforge fleet/\n") :] == THEIRS
    assert [item["repo"] for item in configuration(repository)["repos"]] == ["local", "https://example.com/hooks"]
    assert "says so already" in hooks(repository, "--write")


@pytest.mark.parametrize("text", ["repos: []\n", "repos: [\n", "hooks: {}\n", "- a\n", "repos:\n  a: b\n", "\xff"])
def test_what_cannot_be_changed_safely_is_left_as_it_is(repository: Repository, text: str) -> None:
    path = repository.root / ".pre-commit-config.yaml"
    path.write_bytes(text.encode("latin-1"))
    hooks(repository, "--write", status=1)
    assert path.read_bytes() == text.encode("latin-1")


def test_the_hooks_of_this_repository_name_commands_that_are_there() -> None:
    offered = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [item["id"] for item in offered] == [
        "clawforge-fmt",
        "clawforge-lint",
        "clawforge-test",
        "clawforge-codeowners",
    ]
    for item in offered:
        assert {"id", "name", "description", "entry", "language", "files", "pass_filenames"} == item.keys()
        program, *arguments = shlex.split(item["entry"])
        assert program == "clawforge"
        assert run_here({}, *arguments, "--help").stdout
