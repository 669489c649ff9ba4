"""Every commit since the last applied one carries a signature that holds, of somebody who may change its files."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from commit_signing import GpgSigner, Signer, SshSigner, gpg, signed_commit
from git_repository import DAY, START, Repository

from clawforge.reconcile.source_settings import Repository as Source
from clawforge.reconcile.source_settings import SignerRule, Trust
from clawforge_cli.gitops import commit_trust
from clawforge_cli.gitops.commit_trust import verified
from clawforge_cli.gitops.mirror import Mirror
from clawforge_cli.gitops.source_error import UntrustedCommitError
from clawforge_cli.gitops.trusted_keys import trusted_keys

NOW = dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class People:
    """Ada and Bob sign by SSH, Eve by GPG; Mallory has a key that nobody trusts."""

    ada: SshSigner
    bob: SshSigner
    mallory: SshSigner
    eve: GpgSigner
    allowed: Path
    keyring: Path


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    folder = tmp_path_factory.mktemp("people")
    ada, bob, mallory = (SshSigner.make(folder, f"{name}@acme.example") for name in ("ada", "bob", "mallory"))
    eve = GpgSigner.make(folder / "eve", "eve@acme.example")
    allowed, keyring = folder / "allowed_signers", folder / "keyring.asc"
    allowed.write_text(ada.allowed() + bob.allowed())
    keyring.write_bytes(eve.export())
    yield People(ada, bob, mallory, eve, allowed, keyring)
    eve.stop()


@dataclass
class World:
    """A repository, its mirror, and who is trusted."""

    made: Repository
    mirror: Mirror
    trust: Trust

    def write(self, path: str, text: str) -> None:
        place = self.made.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def commit(self, message: str, signer: Signer | None, *options: str, at: dt.datetime = START) -> str:
        return signed_commit(self.made, message, signer, *options, at=at)

    def signers(self, applied: str | None, **changes: object) -> tuple[str, ...]:
        head = self.mirror.fetch().commit
        return verified(self.mirror, self.trust.model_copy(update=changes), applied, head).signers

    def refused(self, applied: str | None, **changes: object) -> tuple[str, str]:
        with pytest.raises(UntrustedCommitError) as caught:
            self.signers(applied, **changes)
        assert caught.value.hint
        assert caught.value.commit[:12] in caught.value.message
        return caught.value.code, caught.value.commit


@pytest.fixture
def world(tmp_path: Path, people: People) -> World:
    made = Repository.at(tmp_path / "repository")
    mirror = Mirror.open(tmp_path / "state", Source(url=str(made.root)))
    trust = Trust(allowed_signers=str(people.allowed), gpg_keyring=str(people.keyring))
    return World(made, mirror, trust)


def test_ssh_and_gpg_signatures_hold_and_say_who(world: World, people: People) -> None:
    first = world.commit("first", people.ada)
    assert world.signers(None) == ("ada@acme.example",)
    world.commit("second", people.bob)
    world.commit("third", people.eve)
    assert world.signers(first) == ("bob@acme.example", "eve@acme.example")
    assert world.signers(world.made.git("rev-parse", "HEAD")) == ("eve@acme.example",)


def test_an_unsigned_commit_in_the_middle_is_refused(world: World, people: People) -> None:
    first = world.commit("first", people.ada)
    middle = world.commit("middle", None)
    world.commit("last", people.ada)
    assert world.refused(first) == ("unsigned-commit", middle)
    # The first time nothing says what was known before, so the head counts, or what came after `since`.
    assert world.signers(None) == ("ada@acme.example",)
    assert world.refused(None, since=first) == ("unsigned-commit", middle)
    assert world.signers(None, since=middle) == ("ada@acme.example",)
    assert world.signers(first, since=middle) == ("ada@acme.example",)


def test_a_look_at_the_head_alone_would_let_it_pass(
    world: World, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = world.commit("first", people.ada)
    world.commit("middle", None)
    head = world.commit("last", people.ada)
    monkeypatch.setattr(commit_trust, "_judged", lambda *_: (head,))
    assert world.signers(first) == ("ada@acme.example",)


def test_an_unsigned_commit_that_a_signed_merge_brings_in_is_refused(world: World, people: People) -> None:
    first = world.commit("first", people.ada)
    world.made.git("checkout", "-qb", "side")
    world.write("side.yaml", "side")
    side = world.commit("side", None)
    world.made.git("checkout", "-q", "main")
    world.made.git("merge", "-q", "--no-ff", "--no-commit", "side")
    world.commit("merge", people.ada)
    assert world.refused(first) == ("unsigned-commit", side)


def _foreign_key(world: World, people: People) -> str:
    return world.commit("x", people.mallory)


def _foreign_gpg(world: World, people: People) -> str:
    stranger = GpgSigner.make(world.made.root.parent / "stranger", "eve@acme.example")
    try:
        return world.commit("x", stranger)
    finally:
        stranger.stop()


def _other_content(world: World, people: People) -> str:
    world.commit("x", people.ada)
    raw = world.made.git("cat-file", "commit", "HEAD") + "\nand more\n"
    (world.made.root.parent / "raw").write_text(raw)
    head = world.made.git("hash-object", "-t", "commit", "-w", str(world.made.root.parent / "raw"))
    world.made.git("update-ref", "refs/heads/main", head)
    return head


def _x509(world: World, people: People) -> str:
    world.commit("x", people.ada)
    raw = world.made.git("cat-file", "commit", "HEAD").replace("SSH SIGNATURE", "SIGNED MESSAGE")
    (world.made.root.parent / "raw").write_text(raw + "\n")
    head = world.made.git("hash-object", "-t", "commit", "-w", str(world.made.root.parent / "raw"))
    world.made.git("update-ref", "refs/heads/main", head)
    return head


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_foreign_key, "unknown-signer"),
        (_foreign_gpg, "unknown-signer"),
        (_other_content, "bad-signature"),
        (_x509, "unsupported-signature"),
    ],
)
def test_a_signature_that_does_not_hold(
    world: World, people: People, spoil: Callable[[World, People], str], code: str
) -> None:
    first = world.commit("first", people.ada)
    spoiled = spoil(world, people)
    assert world.refused(first) == (code, spoiled)


def test_what_the_allowed_signers_file_says_of_a_key_counts(world: World, people: People, tmp_path: Path) -> None:
    first = world.commit("first", people.ada)
    second = world.commit("second", people.bob, at=START + DAY)
    lines = tmp_path / "lines"
    valid = f'namespaces="git",valid-before="{START + 2 * DAY:%Y%m%d}"'
    lines.write_text(people.bob.allowed(valid))
    assert world.signers(first, allowed_signers=str(lines)) == ("bob@acme.example",)
    lines.write_text(people.bob.allowed(f'namespaces="git",valid-before="{START:%Y%m%d}"'))
    assert world.refused(first, allowed_signers=str(lines)) == ("unknown-signer", second)
    lines.write_text(people.bob.allowed('namespaces="file"'))
    assert world.refused(first, allowed_signers=str(lines)) == ("bad-signature", second)
    lines.write_text(people.bob.public + "\n")
    revoked = {"revoked_signers": str(lines)}
    assert world.refused(first, **revoked) == ("bad-signature", second)


def test_expired_and_revoked_gpg_keys(world: World, people: People, tmp_path: Path) -> None:
    first = world.commit("first", people.ada)
    old = GpgSigner.make(tmp_path / "old", "old@acme.example", expires="10d", at=NOW - 20 * DAY)
    (tmp_path / "wrapper").write_text(f'#!/bin/sh\nexec gpg --faked-system-time={NOW - 15 * DAY:%Y%m%dT%H%M%S} "$@"\n')
    (tmp_path / "wrapper").chmod(0o700)
    world.made.git("config", "gpg.program", str(tmp_path / "wrapper"))
    expired = world.commit("second", old, at=NOW - 15 * DAY)
    ring = tmp_path / "ring"
    ring.write_bytes(old.export())
    assert world.refused(first, gpg_keyring=str(ring)) == ("expired-signature", expired)
    old.stop()
    world.made.git("config", "--unset", "gpg.program")
    gone = GpgSigner.make(tmp_path / "gone", "gone@acme.example")
    revoked = world.commit("third", gone)
    ring.write_bytes(gone.export())
    assert world.signers(expired, gpg_keyring=str(ring)) == ("gone@acme.example",)
    revocation = (gone.home / "openpgp-revocs.d" / f"{gone.fingerprint}.rev").read_text().replace(":-----", "-----")
    ring.write_bytes(gone.export() + revocation.encode())
    assert world.refused(expired, gpg_keyring=str(ring)) == ("revoked-signer", revoked)
    gone.stop()


def test_keys_that_cannot_be_used_stop_everything(world: World, people: People, tmp_path: Path) -> None:
    world.commit("first", people.ada)
    empty, nonsense = tmp_path / "empty", tmp_path / "nonsense"
    empty.write_text("\n")
    nonsense.write_text("no keys")
    for changes in (
        {"allowed_signers": str(tmp_path / "absent")},
        {"allowed_signers": str(empty)},
        {"gpg_keyring": str(nonsense)},
        {"revoked_signers": str(tmp_path / "absent")},
    ):
        assert world.refused(None, **changes) == ("keys-unreadable", "")


def test_two_sources_of_one_mirror_keep_their_keys_apart(world: World, people: People, tmp_path: Path) -> None:
    """Two threads make their folders of gpg at the same moment, again and again; neither ever trusts the other's."""
    stranger = GpgSigner.make(tmp_path / "stranger", "stranger@acme.example")
    foreign = tmp_path / "foreign.asc"
    foreign.write_bytes(stranger.export())
    stranger.stop()
    trusts = [Trust(gpg_keyring=str(keyring)) for keyring in (people.keyring, foreign)]
    barrier = Barrier(2)

    def made(directory: Path, trust: Trust) -> Path:
        barrier.wait(timeout=20)
        return trusted_keys(trust, directory).gpg_home

    with ThreadPoolExecutor(2) as threads:
        for number in range(3):
            homes = list(threads.map(partial(made, tmp_path / str(number)), trusts))
            assert [_fingerprints(home) for home in homes] == [{people.eve.fingerprint}, {stranger.fingerprint}]
            assert not list((tmp_path / str(number) / "tmp").iterdir())


def test_two_threads_with_the_same_keys_use_the_same_folder(people: People, tmp_path: Path) -> None:
    trust = Trust(gpg_keyring=str(people.keyring))
    barrier = Barrier(2)

    def made(_: int) -> Path:
        barrier.wait(timeout=20)
        return trusted_keys(trust, tmp_path).gpg_home

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(made, range(2))
    assert first == second
    assert _fingerprints(first) == {people.eve.fingerprint}


def test_folders_of_keys_that_nobody_uses_any_more_are_cleared_away(world: World, people: People) -> None:
    """Those of before, which several sources may have filled, are not used again and go too."""
    world.commit("first", people.eve)
    assert world.signers(None) == ("eve@acme.example",)
    (used,) = world.mirror.directory.glob("keys-*")
    old, former = used.with_name("keys-0"), used.with_name("gpg-0123456789abcdef")
    for folder in (old, former):
        folder.mkdir()
    for folder in (old, former, used):
        os.utime(folder, (0, 0))
    assert world.signers(None) == ("eve@acme.example",)
    world.commit("second", people.eve)
    assert world.signers(None) == ("eve@acme.example",)
    assert [*world.mirror.directory.glob("keys-*"), *world.mirror.directory.glob("gpg-*")] == [used]


RULES = (SignerRule(paths=("prod", ".github"), signers=("ADA@acme.example",)),)


def test_only_some_signers_may_change_some_files(world: World, people: People) -> None:
    world.write("prod/a.yaml", "1")
    first = world.commit("first", people.ada)
    world.write("dev/a.yaml", "1")
    second = world.commit("second", people.bob)
    assert world.signers(first, rules=RULES) == ("bob@acme.example",)
    world.write("prod/a.yaml", "2")
    third = world.commit("third", people.bob)
    assert world.refused(second, rules=RULES) == ("signer-not-allowed", third)
    by_key = (SignerRule(paths=("prod",), signers=(_fingerprint(people.bob),)),)
    assert world.signers(second, rules=by_key) == ("bob@acme.example",)
    world.write(".github/hidden/a.yaml", "1")
    fourth = world.commit("fourth", people.bob)
    assert world.refused(third, rules=RULES) == ("signer-not-allowed", fourth)
    world.made.git("mv", "prod/a.yaml", "dev/b.yaml")
    fifth = world.commit("fifth", people.bob)
    assert world.refused(fourth, rules=RULES) == ("signer-not-allowed", fifth)


def test_the_first_time_the_signer_of_the_head_answers_for_every_file(world: World, people: People) -> None:
    world.write("prod/a.yaml", "by nobody")
    unsigned = world.commit("first", None)
    world.write("dev/a.yaml", "1")
    head = world.commit("second", people.bob)
    assert world.refused(None, rules=RULES) == ("signer-not-allowed", head)
    assert world.signers(None, rules=RULES, since=unsigned) == ("bob@acme.example",)
    assert world.signers(unsigned, rules=RULES) == ("bob@acme.example",)
    assert world.signers(None) == ("bob@acme.example",)
    world.commit("third", people.ada)
    assert world.signers(None, rules=RULES) == ("ada@acme.example",)


def test_a_name_made_to_look_like_git_s_own_words_changes_nothing(world: World, people: People) -> None:
    first = world.commit("first", people.ada)
    ada = world.commit("second", people.ada)
    world.write(f"dev\n:100644\n/{ada}", "x")
    world.write(f"{ada}", "x")
    world.write("prod/a.yaml", "1")
    third = world.commit("third", people.bob)
    assert world.refused(first, rules=RULES) == ("signer-not-allowed", third)


@pytest.mark.parametrize("strategy", ["ours", "recursive"])
def test_a_merge_answers_for_what_it_sets_back(world: World, people: People, strategy: str) -> None:
    """`-s ours` makes a merge whose protected file is as it was on Bob's old branch: no parent's diff shows both."""
    world.write("prod/a.yaml", "1")
    first = world.commit("first", people.ada)
    world.made.git("checkout", "-qb", "side")
    world.write("dev/b.yaml", "1")
    world.commit("side", people.bob)
    world.made.git("checkout", "-q", "main")
    world.write("prod/a.yaml", "2")
    world.commit("stricter", people.ada)
    world.made.git("checkout", "-q", "side")
    world.made.git("merge", "-q", "--no-ff", "--no-commit", "-s", strategy, "main")
    merge = world.commit("merge", people.bob)
    world.made.git("branch", "-qf", "main", "side")
    if strategy == "ours":
        assert world.refused(first, rules=RULES) == ("signer-not-allowed", merge)
    else:
        assert world.signers(first, rules=RULES) == ("ada@acme.example", "bob@acme.example")


def test_a_merge_answers_for_what_it_adds_and_for_a_history_without_a_base(world: World, people: People) -> None:
    world.write("prod/a.yaml", "1")
    first = world.commit("first", people.ada)
    world.made.git("checkout", "-q", "--orphan", "side")
    world.made.git("rm", "-rqf", ".")
    world.write("dev/b.yaml", "1")
    world.commit("side", people.bob)
    world.made.git("merge", "-q", "--no-ff", "--no-commit", "--allow-unrelated-histories", "main")
    world.commit("merge", people.bob)
    world.made.git("branch", "-qf", "main", "side")
    assert world.signers(first, rules=RULES) == ("bob@acme.example",)
    world.made.git("rm", "-qf", "prod/a.yaml")
    merge = world.commit("merge", people.bob, "--amend")
    world.made.git("branch", "-qf", "main", "side")
    assert world.refused(first, rules=RULES) == ("signer-not-allowed", merge)


def test_more_commits_than_are_verified_at_once(world: World, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.commit("first", people.ada)
    ids = [world.commit(str(number), people.ada) for number in range(4)]
    monkeypatch.setattr(commit_trust, "MOST_VERIFIED", 3)
    assert world.refused(first) == ("too-many-commits", ids[-1])
    assert world.refused(first, since="0" * 40)[0] == "anchor-missing"
    monkeypatch.setattr(commit_trust, "_BATCH", 2)
    assert world.signers(first, since=ids[0]) == ("ada@acme.example",)


def test_nothing_in_the_repository_has_a_say(world: World, people: People, tmp_path: Path) -> None:
    first = world.commit("first", people.ada)
    world.write("allowed_signers", people.mallory.allowed())
    world.write(".gitconfig", f'[gpg "ssh"]\nallowedSignersFile = {world.made.root}/allowed_signers\n')
    world.write(".mailmap", "Ada <ada@acme.example> <mallory@acme.example>\n")
    foreign = world.commit("second", people.mallory)
    world.made.git("config", "gpg.ssh.allowedSignersFile", str(world.made.root / "allowed_signers"))
    world.made.git("config", "gpg.ssh.program", "true")
    assert world.refused(first) == ("unknown-signer", foreign)


def test_off_looks_at_nothing(world: World, people: People) -> None:
    world.commit("first", None)
    head = world.mirror.fetch().commit
    assert verified(world.mirror, Trust(signatures="off"), None, head).signers == ()


def _fingerprints(home: Path) -> set[str]:
    """Of the keys that a folder of gpg holds."""
    listed = gpg(home, "--with-colons", "--list-keys").decode().splitlines()
    return {line.split(":")[9] for line in listed if line.startswith("fpr")}


def _fingerprint(signer: SshSigner) -> str:
    from commit_signing import run

    return run(["ssh-keygen", "-lf", f"{signer.key}.pub"]).decode().split()[1]
