"""A newcomer's path with the installed wheel, as typed: no server, and something to read at each step."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from programs import clean_environment

PATH = "clawforge init demo && cd demo && clawforge lint && clawforge test && clawforge plan --offline"


class Shell:
    """A person's shell, in which `clawforge` is the installed program and git knows who sits there."""

    def __init__(self, program: Path, home: Path) -> None:
        self._home = home
        settings = home / "gitconfig"
        settings.write_text("[user]\n\tname = Eve\n\temail = eve@acme.example\n[init]\n\tdefaultBranch = main\n")
        self._environment = {
            **clean_environment(),
            "HOME": str(home),
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": str(settings),
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def run(self, line: str, expect: int = 0) -> tuple[str, str]:
        """What a command line says on standard output and standard error."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self._home,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout, done.stderr


@pytest.fixture
def shell(installed_clawforge: Path, tmp_path: Path) -> Shell:
    return Shell(installed_clawforge, tmp_path)


def test_the_path_of_a_newcomer(shell: Shell) -> None:
    out, err = shell.run(PATH)
    written, _, rest = out.partition("\n9 resources in 7 files: no problems.\n")
    assert written.startswith("Wrote 14 files to demo.\n  org:   demo\n  owner: eve@acme.example\n\nNext:\n  cd demo\n")
    tested, _, planned = rest.partition("\n")
    assert tested == "25 passed, 0 failed."
    assert planned.startswith(
        "Org demo (source policies), compared with an empty control plane:\n"
        "Plan: 9 to add, 0 to change, 0 to destroy.\n"
    )
    assert "  + Policy/default will be created (policies/default.yaml:2)\n" in planned
    assert "  + User/eve will be created (policies/people.yaml:2)\n" in planned
    assert err == (
        "Offline: this plan is unsigned and cannot be applied.\nCheck lint: 9 passed.\nCheck test: 25 passed.\n"
    )


def test_the_commands_that_init_names_work(shell: Shell) -> None:
    out, _ = shell.run("clawforge init 'my demo'")
    commands = [line[2:29].strip() for line in out.partition("Next:\n")[2].splitlines() if line.startswith("  ")]
    assert commands == ["cd 'my demo'", "clawforge lint", "clawforge test --coverage", "clawforge plan --offline"]
    shell.run(" && ".join(commands))


def test_the_same_in_git_and_against_the_last_commit(shell: Shell) -> None:
    shell.run(PATH + " && git init -q && git add -A && git commit -qm first && clawforge plan --offline")
    out, _ = shell.run("cd demo && git worktree add -q ../before HEAD && clawforge plan --offline --against ../before")
    assert out == "No changes.\nThe files say the same as the files in ../before.\n"
    shell.run("cd demo && sed -i 's/maxStale: 12h/maxStale: 8h/' policies/organization.yaml")
    out, _ = shell.run("cd demo && clawforge plan --offline --against ../before --detailed-exitcode", expect=2)
    assert '      ~ spec.offline.maxStale: "12h" -> "8h"\n' in out
    assert "\nPlan: 0 to add, 1 to change, 0 to destroy.\n" in out


def test_in_a_repository_that_is_there_already(shell: Shell) -> None:
    shell.run("git init -q repo && cd repo && echo mine > README.md && echo 'a: [' > broken.yaml")
    out, _ = shell.run("cd repo && clawforge init --org acme && clawforge lint && clawforge test")
    assert "  kept:  README.md\n" in out
    assert "no problems.\n25 passed, 0 failed.\n" in out


def test_a_mistake_is_found_at_each_step(shell: Shell) -> None:
    shell.run("clawforge init demo")
    shell.run("cd demo && sed -i 's/deny: .gateway, plugins./dney: [gateway]/' policies/guardrails.yaml")
    out, _ = shell.run("cd demo && clawforge lint", expect=3)
    assert "Did you mean `deny`?" in out
    _, err = shell.run("cd demo && clawforge plan --offline", expect=3)
    assert "`clawforge lint` lists every problem." in err
    shell.run("cd demo && sed -i 's/dney: .gateway./deny: [plugins]/' policies/guardrails.yaml && clawforge lint")
    out, _ = shell.run("cd demo && clawforge test", expect=3)
    assert "'nobody reconfigures the host [gateway]'" in out
    _, err = shell.run("cd demo && clawforge plan --offline", expect=3)
    assert err.endswith("A control plane would refuse this plan.\n")
