"""The mirror takes one branch from real servers, runs nothing that it finds, and keeps what it had when that fails."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from git_http import git_http
from git_repository import DAY, START, Repository

from clawforge.load.project import load_project
from clawforge.reconcile.source_settings import FetchLimits, GitCredential
from clawforge.reconcile.source_settings import Repository as Source
from clawforge_cli.gitops import git_process, mirror_folder
from clawforge_cli.gitops.mirror import Mirror
from clawforge_cli.gitops.source_error import FetchError

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: policies\n"
POLICY = "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: %s}\nspec: {appliesTo: everyone}\n"
TOKEN = "canary-4711-token"


@pytest.fixture
def made(tmp_path: Path) -> Repository:
    repository = Repository.at(tmp_path / "served" / "fleet")
    (repository.root / "clawforge.yaml").write_text(PROJECT)
    (repository.root / "default.yaml").write_text(POLICY % "default")
    repository.commit("first")
    return repository


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def mirror_of(made: Repository, state: Path, **settings: object) -> Mirror:
    return Mirror.open(state, Source.model_validate({"url": str(made.root), **settings}))


def refused(mirror: Mirror) -> tuple[str, bool]:
    with pytest.raises(FetchError) as caught:
        mirror.fetch()
    assert caught.value.hint
    assert caught.value.message.isprintable()
    assert TOKEN not in caught.value.message
    return caught.value.code, caught.value.waiting


def names(mirror: Mirror, commit: str, path: str = ".") -> list[str]:
    with mirror.files(commit, path, mirror.directory) as files:
        project = load_project(mirror.directory, files=files)
        return [f"{item.code} {item.location.file}" for item in project.diagnostics] or [
            item.address for item in project.resources
        ]


def test_a_branch_is_fetched_once_and_then_only_asked_for(made: Repository, state: Path) -> None:
    made.git("tag", "v1")
    mirror = mirror_of(made, state)
    head = mirror.fetch()
    assert (head.commit, head.fetched) == (made.git("rev-parse", "HEAD"), True)
    assert names(mirror, head.commit) == ["Policy/default"]
    assert not mirror.fetch().fetched
    assert Mirror.open(state, mirror.repository).fetch() == mirror.fetch()
    made.git("tag", "-f", "v1", at=START + DAY)
    made.git("checkout", "-qb", "other")
    made.commit("elsewhere")
    assert not mirror.fetch().fetched
    found = mirror.read("for-each-ref", "--format=%(refname)").decode().split()
    assert found == ["refs/clawforge/head"]


def test_history_is_told_apart(made: Repository, state: Path) -> None:
    mirror = mirror_of(made, state)
    first = mirror.fetch().commit
    second, third = made.commit("second"), made.commit("third")
    mirror.fetch()
    assert mirror.commits_since(None, third).commits == (third, second, first)
    forward = mirror.commits_since(first, third)
    assert (forward.commits, forward.way, forward.rewritten) == ((third, second), "forward", False)
    assert mirror.commits_since(third, third).way == "same"
    made.git("reset", "-q", "--hard", first)
    mirror.fetch()
    assert (mirror.commits_since(third, first).way, mirror.commits_since(third, first).rewritten) == ("back", True)
    other = made.commit("other", at=START + DAY)
    mirror.fetch()
    diverged = mirror.commits_since(third, other)
    assert (diverged.commits, diverged.way, diverged.rewritten) == ((other,), "diverged", True)
    made.git("checkout", "-q", "--orphan", "new")
    alone = made.commit("alone")
    made.git("branch", "-f", "main", "new")
    mirror.fetch()
    for since in (third, "0" * 40, "--output=/dev/null"):
        unrelated = mirror.commits_since(since, alone)
        assert (unrelated.commits, unrelated.way, unrelated.rewritten) == ((alone,), "unrelated", True)


def _delete_branch(made: Repository) -> None:
    made.git("checkout", "-q", "--detach")
    made.git("branch", "-qD", "main")


def _make_shallow(made: Repository) -> None:
    made.commit("second")
    aside = made.root.with_name("aside")
    made.git("clone", "-q", "--depth", "1", f"file://{made.root}", str(aside))
    shutil.rmtree(made.root)
    aside.rename(made.root)


def _point_to_a_file(made: Repository) -> None:
    blob = made.git("rev-parse", "HEAD:default.yaml")
    (made.root / ".git" / "refs" / "heads" / "main").write_text(blob + "\n")


def _bad_tree(made: Repository) -> None:
    """A folder named `.git`, which a careless checkout would write into."""
    blob, raw = made.git("rev-parse", "HEAD:default.yaml"), made.root / "raw"
    raw.write_bytes(b"100644 .git\0" + bytes.fromhex(blob))
    tree = made.git("hash-object", "-t", "tree", "-w", "--literally", str(raw))
    made.git("update-ref", "refs/heads/main", made.git("commit-tree", "-p", "HEAD", "-m", "bad", tree))


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_delete_branch, "branch-missing"),
        (lambda made: shutil.rmtree(made.root), "repository-missing"),
        (_make_shallow, "history-incomplete"),
        (_point_to_a_file, "objects-refused"),
        (_bad_tree, "objects-refused"),
    ],
)
def test_a_repository_that_goes_bad(
    made: Repository, state: Path, spoil: Callable[[Repository], None], code: str
) -> None:
    mirror = mirror_of(made, state)
    if code == "history-incomplete":
        spoil(made)
        assert refused(mirror) == (code, False)
        return
    first = mirror.fetch().commit
    spoil(made)
    assert refused(mirror) == (code, False)
    if spoil is not _point_to_a_file:
        assert names(mirror, first) == ["Policy/default"]


def test_links_submodules_and_large_files_are_problems_of_the_project(made: Repository, state: Path) -> None:
    (made.root / "link.yaml").symlink_to("/etc/passwd")
    (made.root / "large.yaml").write_bytes(b"#" * (5 * 1024 * 1024))
    made.git("add", "-A")
    made.git("update-index", "--add", "--cacheinfo", f"160000,{made.git('rev-parse', 'HEAD')},module")
    made.git("commit", "-qm", "second")
    mirror = mirror_of(made, state)
    found = sorted(names(mirror, mirror.fetch().commit))
    assert found == [
        "symlink link.yaml",
        "unreadable module",
        "yaml-too-large large.yaml",
    ]
    with pytest.raises(FetchError) as caught:
        names(mirror, mirror.fetch().commit, "absent")
    assert (caught.value.code, caught.value.waiting) == ("path-missing", False)


def _replaced(made: Repository, mirror: Mirror) -> tuple[str, Path]:
    """A mirror that, by whatever way, got a replacement of a file."""
    (made.root / "evil.yaml").write_text(POLICY % "evil")
    head = made.commit("second")
    mirror.fetch()
    good, evil = (made.git("rev-parse", f"HEAD:{name}.yaml") for name in ("default", "evil"))
    ref = mirror.directory / "refs" / "replace" / good
    ref.parent.mkdir()
    ref.write_text(evil + "\n")
    return head, ref


def test_replacements_are_not_looked_at(made: Repository, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clawforge_cli.gitops import objects

    made.git("replace", made.git("rev-parse", "HEAD:default.yaml"), made.git("rev-parse", "HEAD:clawforge.yaml"))
    mirror = mirror_of(made, state)
    head, _ = _replaced(made, mirror)

    def text() -> bytes:
        with mirror.files(head, ".", mirror.directory) as files:
            data = files.read("default.yaml")
            assert isinstance(data, bytes)
            return data

    assert b"name: default" in text()
    # Without the setting the test would see the other file.
    monkeypatch.delitem(objects._SAFE_ENVIRONMENT, "GIT_NO_REPLACE_OBJECTS")
    assert b"name: evil" in text()


def test_nothing_of_a_hostile_repository_runs(made: Repository, state: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho ran >> {trap}\ncat\n")
    program.chmod(0o755)
    (made.root / ".gitattributes").write_text("* filter=evil diff=evil merge=evil text\n")
    head = made.commit("second")
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "filter.evil.smudge", "filter.evil.clean"):
        made.git("config", name, str(program))
    for name in ("diff.evil.textconv", "uploadpack.packObjectsHook", "core.alternateRefsCommand", "gpg.program"):
        made.git("config", name, str(program))
    made.git("config", "url.ext::sh.insteadOf", str(made.root))
    for hook in ("post-checkout", "reference-transaction", "post-update", "post-merge"):
        (made.root / ".git" / "hooks").mkdir(exist_ok=True)
        shutil.copy(program, made.root / ".git" / "hooks" / hook)
    mirror = mirror_of(made, state)
    assert mirror.fetch().commit == head
    assert names(mirror, head) == ["Policy/default"]
    assert mirror.commits_since(None, head).way == "first"
    assert not trap.exists()
    assert not list(mirror.directory.rglob("hooks"))


def test_the_environment_of_the_reconciler_has_no_say(
    made: Repository, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repository.at(tmp_path / "other")
    other.commit("other")
    config = tmp_path / "config"
    config.write_text(f'[url "{other.root}"]\n\tinsteadOf = {made.root}\n')
    for name, value in {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_OBJECT_DIRECTORY": str(other.root / ".git" / "objects"),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_PARAMETERS": f"'url.{other.root}.insteadof={made.root}'",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{other.root}.insteadOf",
        "GIT_CONFIG_VALUE_0": str(made.root),
    }.items():
        monkeypatch.setenv(name, value)
    mirror = mirror_of(made, state)
    head = mirror.fetch().commit
    assert names(mirror, head) == ["Policy/default"]


@pytest.mark.parametrize("what", ["space", "space, seen late", "time"])
def test_a_fetch_beyond_its_limits_is_stopped(
    made: Repository, state: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = mirror_of(made, state)
    first = mirror.fetch().commit
    (made.root / "noise").write_bytes(os.urandom(3 * 1024 * 1024))
    made.commit("large")
    if what != "time":
        if "late" in what:
            monkeypatch.setattr(git_process, "_FIRST_LOOK", 60.0)
        small = mirror.repository.model_copy(update={"limits": FetchLimits(mebibytes=1)})
        assert refused(Mirror.open(state, small)) == ("too-large", False)
    else:
        real = git_process._watch

        def no_time(process: subprocess.Popen[bytes], bounds: git_process.Bounds, outputs: object) -> None:
            short = git_process.Bounds(0.0, bounds.folder, bounds.size)
            real(process, short if "fetch" in process.args else bounds, outputs)  # type: ignore[arg-type, operator]

        monkeypatch.setattr(git_process, "_watch", no_time)
        monkeypatch.setattr(git_process, "_FIRST_LOOK", 0.0)
        assert refused(mirror) == ("fetch-too-slow", True)
        monkeypatch.undo()
    assert names(mirror, first) == ["Policy/default"]
    # Nothing of it stays, and nothing stands in the way of the next one.
    assert mirror.fetch().fetched
    assert not list(mirror.directory.glob("objects/pack/tmp_*"))


def test_what_a_killed_process_left_is_cleared_away(made: Repository, state: Path) -> None:
    mirror = mirror_of(made, state)
    (mirror.directory / "refs" / "clawforge" / "head.lock").touch()
    (mirror.directory / "objects" / "pack" / "tmp_pack_x").write_text("half")
    (mirror.directory / "config").write_text("[core")
    assert mirror.fetch().fetched
    assert not (mirror.directory / "objects" / "pack" / "tmp_pack_x").exists()


def test_a_damaged_mirror_is_fetched_anew(made: Repository, state: Path) -> None:
    mirror = mirror_of(made, state)
    head = mirror.fetch().commit
    for pack in (mirror.directory / "objects" / "pack").iterdir():
        pack.unlink()
    with pytest.raises(FetchError) as caught:
        names(mirror, head)
    assert (caught.value.code, caught.value.waiting) == ("mirror-damaged", True)
    assert mirror.fetch().fetched
    assert names(mirror, head) == ["Policy/default"]


def test_one_process_at_a_time_fetches(made: Repository, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = mirror_of(made, state)
    monkeypatch.setattr(mirror_folder, "_WAIT_SECONDS", 0.0)
    with mirror_folder.locked(mirror.directory):
        assert refused(mirror) == ("mirror-busy", True)
    assert mirror.fetch().fetched


def test_a_state_directory_that_others_can_write_is_refused(made: Repository, state: Path, tmp_path: Path) -> None:
    state.mkdir()
    state.chmod(0o777)
    with pytest.raises(FetchError) as caught:
        mirror_of(made, state)
    assert caught.value.code == "state-unsafe"


def test_many_packs_are_put_together_and_nothing_is_lost(
    made: Repository, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clawforge_cli.gitops import mirror as module

    monkeypatch.setattr(module, "_MOST_PACKS", 2)
    mirror = mirror_of(made, state)
    first = mirror.fetch().commit
    for number in range(4):
        made.git("commit", "-q", "--amend", "--allow-empty", "-m", str(number), at=START + DAY)
        mirror.fetch()
    assert len(list(mirror.directory.glob("objects/pack/*.pack"))) <= 3
    assert mirror.commits_since(first, mirror.fetch().commit).way == "unrelated"
    assert names(mirror, first) == ["Policy/default"]


def test_https_forms_a_token_and_shows_it_to_nobody(made: Repository, state: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    with git_http(made.root.parent) as server:
        url = f"{server.url}/fleet/.git"
        server.token = TOKEN
        credential = GitCredential(token_file=str(token), username="bot")
        mirror = Mirror.open(state, Source(url=url, credential=credential))
        assert mirror.fetch().fetched
        assert server.credentials == {f"bot:{TOKEN}"}
        assert not any(TOKEN.encode() in path.read_bytes() for path in state.rglob("*") if path.is_file())
        by_command = GitCredential(token_command=("cat", str(token)))
        assert not Mirror.open(state, Source(url=url, credential=by_command)).fetch().fetched
        failing = GitCredential(token_command=("false",))
        assert refused(Mirror.open(state, Source(url=url, credential=failing))) == ("credential-command-failed", True)
        # A credential is revoked: what was fetched stays.
        server.token = "another"
        assert refused(mirror) == ("credentials-refused", False)
        assert refused(Mirror.open(state, Source(url=url))) == ("credentials-refused", False)
        assert len(mirror.commits_since(None, made.git("rev-parse", "HEAD")).commits) == 1
        token.write_text("")
        assert refused(mirror) == ("credential-unusable", False)


def test_what_an_http_server_can_answer(made: Repository, state: Path) -> None:
    with git_http(made.root.parent) as server, git_http(made.root.parent) as elsewhere:
        mirror = Mirror.open(state, Source(url=f"{server.url}/fleet/.git"))
        first = mirror.fetch().commit
        second = made.commit("second")
        for status, expected in {
            404: ("repository-missing", False),
            403: ("credentials-refused", False),
            503: ("host-busy", True),
            429: ("host-busy", True),
            302: ("redirected", False),
        }.items():
            server.status, server.location = status, elsewhere.url
            assert refused(mirror) == expected, status
        assert not elsewhere.asked
        server.status, server.cut = None, 40
        assert refused(mirror) == ("network", True)
        assert names(mirror, first) == ["Policy/default"]
        server.cut = None
        assert mirror.fetch().commit == second
    assert refused(mirror) == ("network", True)


def test_git_daemon_serves_by_its_own_protocol(made: Repository, state: Path) -> None:
    with daemon(made.root.parent) as port:
        mirror = Mirror.open(state, Source(url=f"git://127.0.0.1:{port}/fleet/.git"))
        head = mirror.fetch().commit
        assert names(mirror, head) == ["Policy/default"]
        missing = Mirror.open(state, Source(url=f"git://127.0.0.1:{port}/absent"))
        assert refused(missing) == ("repository-missing", False)
    assert refused(mirror) == ("network", True)


def test_ssh_gets_its_options_and_nothing_of_the_user(
    made: Repository, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server of SSH is needed to see what ssh is told: the program in its place notes it and serves the folder."""
    said = tmp_path / "said"
    fake = tmp_path / "bin" / "ssh"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" HOME=$HOME SOCK=$SSH_AUTH_SOCK > {said}\n'
                    'for last; do :; done\neval exec "$last"\n')  # fmt: skip
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/agent")
    key, known = tmp_path / "key", tmp_path / "known_hosts"
    key.write_text("key")
    known.write_text("hosts")
    key.chmod(0o644)
    credential = GitCredential(key_file=str(key), known_hosts_file=str(known))
    mirror = Mirror.open(state, Source(url=f"ssh://git@forge.example:2222{made.root}", credential=credential))
    assert refused(mirror) == ("credential-unusable", False)
    key.chmod(0o600)
    assert mirror.fetch().fetched
    words = said.read_text().splitlines()
    assert words[:2] == ["-F", "/dev/null"]
    assert {f"IdentityFile={key}", f"UserKnownHostsFile={known}", "StrictHostKeyChecking=yes"} < set(words)
    assert {"IdentityAgent=none", "IdentitiesOnly=yes", "BatchMode=yes", "ProxyCommand=none"} < set(words)
    assert {"git@forge.example", "2222", "SOCK="} < set(words)
    assert f"HOME={mirror.directory}/home" in words
    fake.write_text("#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
    assert refused(mirror) == ("host-key-refused", False)
    fake.write_text("#!/bin/sh\necho 'git@forge: Permission denied (publickey).' >&2\nexit 255\n")
    assert refused(mirror) == ("credentials-refused", False)
    fake.write_text("#!/bin/sh\necho 'ssh: connect to host forge port 22: Connection refused' >&2\nexit 255\n")
    assert refused(mirror) == ("network", True)


def test_what_a_server_says_is_shown_escaped(
    made: Repository, state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nprintf 'fatal: \\033[2J\\342\\200\\256 odd\\n' >&2\nexit 128\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    assert refused(mirror_of(made, state)) == ("fetch-failed", True)


@contextmanager
def daemon(root: Path) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--reuseaddr", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={root}"]
    process = subprocess.Popen(
        ["git", "daemon", *options, str(root)], stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()
