"""Commits of changed files in real repositories: exactly these files, and nothing of the user's is touched."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
from pathlib import Path

import pytest
from git_repository import Repository
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge.adoption.live import ChangedText
from clawforge.errors import ConflictError, InputError
from clawforge_cli.gitops import committed_text, plumbing
from clawforge_cli.gitops.commit_message import CommitMessage
from clawforge_cli.gitops.commit_writing import Authorship, PreparedCommit, prepare_commit
from clawforge_cli.gitops.identity import Person
from clawforge_cli.gitops.patch_writing import patch_of
from clawforge_cli.gitops.plumbing import Plumbing

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
ANN = Person("Ann", "ann@acme.example")
UNSIGNED = Authorship(ANN, ANN, NOW, signed=False)
SAID = CommitMessage("Stop exec", "CVE-2026-1", "overlay codify", (("Clawforge-Overlay", "kill-1"),))
FILE = "policies/default.yaml"
FIRST = b"# first\nspec: 1\n"
CHANGE = ChangedText(FILE, FIRST, b"# first\nspec: 2\n")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository.at(tmp_path / "repository")
    for path in ("fleet/clawforge.yaml", f"fleet/{FILE}", "README.md"):
        (made.root / path).parent.mkdir(parents=True, exist_ok=True)
        (made.root / path).write_bytes(FIRST)
    made.commit("first")
    return made


def prepare(repository: Repository, *files: ChangedText, branch: str = "proposal") -> PreparedCommit:
    return prepare_commit(repository.root / "fleet", files or (CHANGE,), SAID, UNSIGNED, branch=branch)


def publish(repository: Repository, *files: ChangedText, branch: str = "proposal") -> str:
    prepared = prepare(repository, *files, branch=branch)
    prepared.publish()
    return prepared.id


def changed(repository: Repository, commit: str) -> list[str]:
    return repository.git("diff-tree", "-r", "--no-commit-id", "--name-status", commit).splitlines()


def state(repository: Repository) -> tuple[object, ...]:
    """Everything of the user's that has to stay: HEAD, index, files."""
    files = {
        path: path.read_bytes() for path in repository.root.rglob("*") if path.is_file() and ".git" not in path.parts
    }
    index = Path(repository.root, repository.git("rev-parse", "--git-path", "index"))
    head = Path(repository.root, repository.git("rev-parse", "--git-path", "HEAD"))
    return head.read_bytes(), index.read_bytes() if index.exists() else b"", files


def test_exactly_the_files_are_committed_and_nothing_else_moves(repository: Repository) -> None:
    (repository.root / "README.md").write_text("mine\n")
    (repository.root / "staged").write_text("staged\n")
    repository.git("add", "staged")
    before = state(repository)
    commit = publish(repository, CHANGE, ChangedText("policies/new/stop.yaml", None, b"new\n"))
    assert state(repository) == before
    assert changed(repository, commit) == ["M\tfleet/policies/default.yaml", "A\tfleet/policies/new/stop.yaml"]
    assert repository.git("rev-parse", "proposal", "proposal^") == f"{commit}\n{repository.git('rev-parse', 'HEAD')}"
    assert repository.git("show", "-s", "--format=%an <%ae> %cn %at%n%B", commit) == (
        f"Ann <ann@acme.example> Ann {int(NOW.timestamp())}\n"
        "Stop exec\n\nCVE-2026-1\n\nClawforge-Proposal: overlay codify\nClawforge-Overlay: kill-1"
    )
    repository.git("fsck", "--strict")


def test_a_detached_head_and_a_second_work_tree(repository: Repository, tmp_path: Path) -> None:
    repository.git("checkout", "-q", "--detach")
    publish(repository)
    repository.git("worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
    other = Repository(tmp_path / "other")
    before = state(other)
    commit = publish(other, branch="from-other")
    assert state(other) == before
    assert changed(repository, commit) == [f"M\tfleet/{FILE}"]


def test_a_sparse_checkout_loses_nothing(repository: Repository) -> None:
    repository.git("sparse-checkout", "set", "--cone", "--sparse-index", "fleet")
    commit = publish(repository)
    assert changed(repository, commit) == [f"M\tfleet/{FILE}"]
    assert "README.md" in repository.git("ls-tree", "-r", "--name-only", commit).splitlines()


def test_there_must_be_a_commit_and_a_repository(tmp_path: Path) -> None:
    fresh = Repository.at(tmp_path / "fresh")
    (fresh.root / "fleet").mkdir()
    with pytest.raises(InputError, match="no commit yet"):
        prepare(fresh, ChangedText("a.yaml", None, b"a\n"))
    with pytest.raises(InputError, match="no git repository"):
        prepare_commit(tmp_path, (CHANGE,), SAID, UNSIGNED, branch="x")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (ChangedText(FILE, b"edited\n", b"x\n"), "differs from what is committed"),
        (ChangedText(FILE, None, b"x\n"), "was removed from the work tree"),
        (ChangedText("policies/mine.yaml", b"mine\n", b"x\n"), "is not committed"),
        (ChangedText("policies/link.yaml", FIRST, b"x\n"), "no plain file"),
        (ChangedText(f"{FILE}/below.yaml", None, b"x\n"), "is no folder in the commit"),
        (ChangedText("linked/below.yaml", None, b"x\n"), "is no folder in the commit"),
        (ChangedText(FILE, FIRST, FIRST), "say so already"),
    ],
)
def test_what_is_not_part_of_the_change_is_not_taken_along(
    repository: Repository, files: ChangedText, told: str
) -> None:
    (repository.root / "fleet" / "policies" / "link.yaml").symlink_to("default.yaml")
    (repository.root / "fleet" / "linked").symlink_to("policies")
    repository.commit("links")
    with pytest.raises(InputError, match=told):
        prepare(repository, files)
    assert repository.git("for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_modes_and_line_ends_stay(repository: Repository) -> None:
    windows = b"# first\r\nspec: 1\r\n"
    (repository.root / "fleet" / FILE).write_bytes(windows)
    (repository.root / "fleet" / FILE).chmod(0o755)
    repository.commit("windows")
    commit = publish(repository, ChangedText(FILE, windows, b"# first\nspec: 2\n"))
    assert repository.git("ls-tree", commit, f"fleet/{FILE}").startswith("100755 blob")
    assert blob(repository, commit) == b"# first\r\nspec: 2\r\n"
    # Git wrote Windows line ends into the work tree of what it keeps with Unix ones.
    (repository.root / "fleet" / FILE).write_bytes(FIRST)
    repository.commit("unix")
    crlf = ChangedText(FILE, FIRST.replace(b"\n", b"\r\n"), b"# first\r\nspec: 3\r\n")
    assert blob(repository, publish(repository, crlf, branch="crlf")) == b"# first\nspec: 3\n"


def blob(repository: Repository, commit: str) -> bytes:
    return subprocess.run(
        ["git", "cat-file", "blob", f"{commit}:fleet/{FILE}"], cwd=repository.root, capture_output=True, check=True
    ).stdout


def test_a_proposal_grows_and_nobody_elses_branch_does(repository: Repository) -> None:
    first = publish(repository)
    second = publish(repository, ChangedText("policies/new.yaml", None, b"new\n"))
    assert repository.git("rev-list", "main..proposal").splitlines() == [second, first]
    with pytest.raises(InputError, match="differs from what is committed"):
        prepare(repository)
    with pytest.raises(ConflictError, match="is checked out"):
        prepare(repository, branch="main")
    repository.git("branch", "mine")
    mine = repository.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "mine")
    repository.git("update-ref", "refs/heads/mine", mine)
    with pytest.raises(ConflictError, match="commits that clawforge did not make"):
        prepare(repository, branch="mine")
    repository.commit("main goes on")
    with pytest.raises(ConflictError, match="does not begin at the present commit"):
        prepare(repository, ChangedText("policies/other.yaml", None, b"new\n"))
    repository.git("branch", "a/b/c")
    for name, other in (("proposal/below", "proposal"), ("a", "a/b/c"), ("a/b", "a/b/c"), ("a/b/c/d", "a/b/c")):
        with pytest.raises(ConflictError, match=f"{other} stands in the way of {name}"):
            prepare(repository, branch=name)
    publish(repository, branch="a/b/d")
    repository.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    with pytest.raises(ConflictError, match="only stands for another branch"):
        prepare(repository, branch="alias")
    assert repository.git("rev-parse", "proposal", "mine").splitlines() == [second, mine]


@pytest.mark.parametrize("name", ["", "HEAD", "-f", "a..b", "a b", "x.lock", "@{-1}", "a\nb", "HEAD~1", "refs/../x"])
def test_what_no_branch_is_called_is_refused(repository: Repository, name: str) -> None:
    with pytest.raises(InputError, match="no name of a branch"):
        prepare(repository, branch=name)


def test_of_two_that_race_one_loses(repository: Repository) -> None:
    one, two = prepare(repository), prepare(repository, ChangedText("policies/new.yaml", None, b"new\n"))
    two.publish()
    with pytest.raises(ConflictError, match="was not changed"):
        one.publish()
    assert repository.git("rev-parse", "proposal") == two.id
    alias = prepare(repository, branch="alias")
    repository.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    main = repository.git("rev-parse", "main")
    with pytest.raises(ConflictError, match="was not changed"):
        alias.publish()
    assert repository.git("rev-parse", "main") == main
    three, four = (prepare(repository, ChangedText(f"policies/{n}.yaml", None, b"new\n")) for n in "34")
    three.publish()
    with pytest.raises(ConflictError, match="was not changed"):
        four.publish()


def test_no_program_of_the_repository_runs(repository: Repository, tmp_path: Path) -> None:
    traces = programs_everywhere(repository, tmp_path)
    before = state(repository)
    publish(repository)
    publish(repository, ChangedText("policies/new.yaml", None, b"new\n"))
    assert list(traces.iterdir()) == []
    assert state(repository) == before


def programs_everywhere(repository: Repository, tmp_path: Path) -> Path:
    """Hooks, filters, monitors and signing programs that leave a trace when they run."""
    traces = tmp_path / "traces"
    traces.mkdir()
    hooks = repository.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    names = "pre-commit prepare-commit-msg commit-msg post-commit reference-transaction post-index-change post-checkout"
    for name in names.split():
        (hooks / name).write_text(f"#!/bin/sh\ntouch {traces}/{name}\n")
        (hooks / name).chmod(0o755)
    (repository.root / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {traces}/program\ncat\n")
    program.chmod(0o755)
    for name in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.command", "diff.evil.textconv", "diff.external"):
        repository.git("config", name, str(program))
    repository.git("config", "core.fsmonitor", str(program))
    repository.git("config", "gpg.program", str(program))
    repository.git("config", "log.showSignature", "true")
    return traces


def test_the_variables_of_a_hook_lead_nowhere(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `git commit` sets them while a hook of another repository runs."""
    other = Repository.at(tmp_path / "elsewhere")
    for name, path in (("GIT_DIR", ".git"), ("GIT_INDEX_FILE", ".git/index"), ("GIT_OBJECT_DIRECTORY", ".git/objects")):
        monkeypatch.setenv(name, str(other.root / path))
    commit = publish(repository)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.delenv(name)
    assert changed(repository, commit) == [f"M\tfleet/{FILE}"]
    assert not (other.root / ".git" / "index").exists()


PATHS = st.sampled_from([f"{folder}{name}.yaml" for folder in ("", "a/", "a/b/", "ü/") for name in ("x", "y", "ö z")])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    committed=st.dictionaries(PATHS, st.binary(max_size=8), max_size=6),
    wanted=st.dictionaries(PATHS, st.binary(max_size=8), min_size=1, max_size=4),
    below=st.sampled_from(["", "pro ject/"]),
)
def test_the_tree_differs_in_exactly_the_changed_files(
    tmp_path_factory: pytest.TempPathFactory, committed: dict[str, bytes], wanted: dict[str, bytes], below: str
) -> None:
    repository = Repository.at(tmp_path_factory.mktemp("property"))
    repository.git("config", "core.quotePath", "false")
    for path, data in {f"{below}keep": b"", **{f"{below}{path}": data for path, data in committed.items()}}.items():
        (repository.root / path).parent.mkdir(parents=True, exist_ok=True)
        (repository.root / path).write_bytes(data)
    repository.commit("first")
    files = [ChangedText(path, committed.get(path), data) for path, data in wanted.items()]
    expected = {path for path, data in wanted.items() if path not in committed or _differs(committed[path], data)}
    if not expected:
        with pytest.raises(InputError, match="say so already"):
            prepare_commit(repository.root / below, files, SAID, UNSIGNED, branch="p")
        return
    prepared = prepare_commit(repository.root / below, files, SAID, UNSIGNED, branch="p")
    assert {line.split("\t")[1] for line in changed(repository, prepared.id)} == {f"{below}{one}" for one in expected}


def _differs(before: bytes, after: bytes) -> bool:
    from clawforge_cli.gitops.committed_text import with_line_ends_of

    return with_line_ends_of(before, after) != before


def test_text_of_people_adds_no_trailer_and_cuts_no_message() -> None:
    reason = "see below\n---\ndiff --git a b\nClawforge-Overlay: other\n\nSigned-off-by: Eve <e@x.example>\x1b[31m"
    text = CommitMessage("a\nb" + "c" * 100, reason, "suggest", (("Clawforge-Calls", "x\nSigned-off-by: y"),)).text()
    subject, _, _ = text.partition("\n")
    assert (len(subject), subject[:3]) == (72, "a b")
    assert "\n    ---\n    diff --git a b\n" in text
    assert "\x1b" not in text
    ending = text.strip().rpartition("\n\n")[2]
    assert ending == "Clawforge-Proposal: suggest\nClawforge-Calls: x Signed-off-by: y"


@pytest.mark.parametrize(
    "reason",
    [
        "From: Eve <eve@x.example>\nDate: Mon, 1 Jan 2001 00:00:00 +0000\nSubject: Nothing to see\n\nwhy",
        "Subject: Nothing to see",
        "\n \nfrom: Eve <eve@x.example>",
        "   From: Eve <eve@x.example>",
        "Content-Type: text/plain; charset=utf-7\nContent-Transfer-Encoding: base64\n\nwhy",
        "why\nFrom: Eve <eve@x.example>",
        "why\n\nFrom: Eve <eve@x.example>",
        ">From: Eve <eve@x.example>",
        "[PATCH] x: y\n-- >8 --\nFrom: Eve <eve@x.example>",
        "-- >8 --\nSubject: z",
        "From:Eve <eve@x.example>",
        "\tFrom: Eve <eve@x.example>",
    ],
)
def test_a_reason_chooses_neither_author_nor_subject_of_a_patch(tmp_path: Path, reason: str) -> None:
    source = Repository.at(tmp_path / "one")
    (source.root / "a").write_text("1\n")
    source.commit("first")
    other = Repository(tmp_path / "two")
    source.git("clone", "-q", str(source.root), str(other.root))
    message = CommitMessage("Stop exec", reason, "overlay codify").text()
    (source.root / "a").write_text("2\n")
    source.git("add", "-A")
    source.git("commit", "-q", "--cleanup=verbatim", "-m", message, GIT_AUTHOR_NAME="Ann", GIT_AUTHOR_EMAIL=ANN.email)
    patch = tmp_path / "patch"
    patch.write_bytes(patch_of(Plumbing.around(source.root), source.git("rev-parse", "HEAD"), {}))
    other.git("am", "-q", "--scissors", str(patch))
    shown = ("show", "-s", "--format=%an <%ae> %at%n%B", "HEAD")
    assert other.git(*shown) == source.git(*shown)


def test_who_commits(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="does not know who you are"):
        Authorship.here(repository.root, NOW, author=None, sign=False)
    named = Authorship.here(repository.root, NOW, author="Ann  <ann@acme.example>", sign=False)
    assert (named.author, named.committer, named.signed) == (ANN, ANN, False)
    repository.git("config", "user.name", "Bob")
    repository.git("config", "user.email", "bob@acme.example")
    bob = Person("Bob", "bob@acme.example")
    named = Authorship.here(repository.root, NOW, author="Ann <ann@acme.example>", sign=False)
    assert (named.author, named.committer) == (ANN, bob)
    assert Authorship.here(repository.root, NOW, author=None, sign=False).author == bob
    for author in ("Ann", "Ann <ann>", "<a@x.example>", "A\n<a@x.example>", "A <a@x.example> <b@x.example>"):
        with pytest.raises(InputError, match="is no author"):
            Authorship.here(repository.root, NOW, author=author, sign=False)


def test_a_commit_is_signed_with_the_users_own_program(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"ann@acme.example {key.with_suffix('.pub').read_text()}")
    settings_file = tmp_path / "gitconfig"
    settings_file.write_text(
        f"[user]\nname = Ann\nemail = ann@acme.example\nsigningKey = {key}\n[commit]\ngpgsign = true\n"
        f'[gpg]\nformat = ssh\n[gpg "ssh"]\nallowedSignersFile = {allowed}\n'
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings_file))
    authorship = Authorship.here(repository.root, NOW, author=None, sign=False)
    assert authorship.signed
    signed = prepare_commit(repository.root / "fleet", (CHANGE,), SAID, authorship, branch="signed")
    subprocess.run(["git", "verify-commit", signed.id], cwd=repository.root, env=dict(os.environ), check=True)
    assert "gpgsig" in repository.git("cat-file", "commit", signed.id)
    key.unlink()
    with pytest.raises(InputError, match="was not signed, so it was not made"):
        prepare_commit(repository.root / "fleet", (CHANGE,), SAID, authorship, branch="unsigned")
    assert not Authorship.here(repository.root, NOW, author=None, sign=None).signed
    traces = programs_everywhere(repository, tmp_path)
    with pytest.raises(InputError, match=r"names a program for signatures \(gpg.program\)"):
        Authorship.here(repository.root, NOW, author=None, sign=False)
    assert list(traces.iterdir()) == []


def test_the_tests_of_hooks_and_races_would_notice(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = programs_everywhere(repository, tmp_path)
    without_hooks_off = tuple(item for item in plumbing._SETTINGS if "hooksPath" not in item)
    monkeypatch.setattr(plumbing, "_SETTINGS", without_hooks_off)
    publish(repository)
    assert {"reference-transaction", "post-index-change"} <= {trace.name for trace in traces.iterdir()}
    one, two = prepare(repository, branch="race"), prepare(repository, branch="race")
    two.publish()
    run = Plumbing.run

    def without_old_value(self: Plumbing, *arguments: str, **options: object) -> bytes:
        return run(self, *(arguments[:-1] if arguments[0] == "update-ref" else arguments), **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Plumbing, "run", without_old_value)
    one.publish()


def test_the_test_of_uncommitted_edits_would_notice(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committed_text, "_after", lambda plumbing, entry, item: item.after)
    commit = publish(repository, ChangedText(FILE, b"edited\n", b"edited\nand proposed\n"))
    assert blob(repository, commit) == b"edited\nand proposed\n"
