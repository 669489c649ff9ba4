"""What the options of `clawforge reconcile` amount to."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_repository import Repository

from clawforge_cli.gitops.command_sources import SourceOptions, options_file


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.at(tmp_path / "repository")
    (made.root / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: git\n")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "first")
    return made


@pytest.mark.parametrize("org", [None, "acme"])
@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        (None, None, ("git", "git")),
        ("nightly", None, ("nightly", "git")),
        (None, "others", ("others", "others")),
        ("nightly", "others", ("nightly", "others")),
    ],
)
def test_the_name_of_a_reconciler_is_not_the_source_that_it_writes(
    repository: Repository, tmp_path: Path, org: str | None, name: str | None, source: str | None, expected: object
) -> None:
    options = SourceOptions(
        repo=str(repository.root),
        branch="main",
        path=".",
        name=name,
        source=source,
        environment=None,
        allowed_signers=None,
        gpg_keyring=None,
        unsigned=True,
        interval="1m",
        state=tmp_path / "state",
        server="http://127.0.0.1:1",
        org=org,
    )
    (settings,) = options_file(options, None).sources
    assert (settings.name, settings.scope) == expected
    assert settings.org == "acme"
