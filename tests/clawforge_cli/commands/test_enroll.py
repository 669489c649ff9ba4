"""`clawforge enroll mint`: what it sends, and that nothing but the token is printed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_server import AgentServer
from signing_world import SigningWorld


@pytest.fixture
def server() -> Iterator[AgentServer]:
    with AgentServer(SigningWorld()) as running:
        yield running


def mint(server: AgentServer, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CLAWFORGE_")}
    given = {"CLAWFORGE_SERVER": server.url, "CLAWFORGE_TOKEN": "cft_owner", **environment}
    return subprocess.run(
        [sys.executable, "-m", "clawforge_cli", "enroll", "mint", *arguments],
        cwd=folder,
        env=clean | given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n")
    return tmp_path


def test_only_the_token_is_printed(server: AgentServer, project: Path) -> None:
    result = mint(server, project, "--user", "dev")
    assert (result.returncode, result.stdout, result.stderr) == (0, server.token + "\n", "")
    authorization, body = server.minted[0]
    assert authorization == "Bearer cft_owner"
    assert {name: value for name, value in body.items() if value} == {"user": "dev"}


def test_every_option_arrives(server: AgentServer, project: Path) -> None:
    options = ["--instance", "i-9", "--group", "eng", "--group", "ops", "--tag", "env=prod", "--ttl", "2h"]
    more = ["--uses", "3", "--template", "Enrollment/laptops", "--approval"]
    result = mint(server, project.parent, str(project), "--user", "User/dev", *options, *more)
    assert result.returncode == 0, result.stderr
    _, body = server.minted[0]
    assert body == {
        "user": "dev",
        "instance": "i-9",
        "groups": ["eng", "ops"],
        "tags": {"env": "prod"},
        "ttl": 7200,
        "uses": 3,
        "template": "laptops",
        "requireApproval": True,
    }


def test_the_org_may_be_named_without_a_project(server: AgentServer, tmp_path: Path) -> None:
    assert mint(server, tmp_path, "--user", "dev", CLAWFORGE_ORG="acme").returncode == 0
    missing = mint(server, tmp_path, "--user", "dev")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "org" in missing.stderr


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--user", "no spaces allowed"],
        ["--user", "dev", "--ttl", "soon"],
        ["--user", "dev", "--ttl", "0s"],
        ["--user", "dev", "--ttl", "91d"],
        ["--user", "dev", "--uses", "0"],
        ["--user", "dev", "--tag", "env"],
        ["--user", "dev", "--group", "Not A Slug"],
    ],
)
def test_wrong_options_are_sentences(server: AgentServer, project: Path, options: list[str]) -> None:
    result = mint(server, project, *options)
    assert (result.returncode, result.stdout) == (1, "")
    assert "Traceback" not in result.stderr
    assert result.stderr
    assert server.minted == []
