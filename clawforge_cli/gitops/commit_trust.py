"""Whether every commit that is about to count carries the signature of somebody who is trusted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clawforge.load.glob import Glob
from clawforge.load.tree import printable
from clawforge.reconcile.source_settings import SignerRule, Trust
from clawforge_cli.gitops.changed_paths import Commit, changed_paths
from clawforge_cli.gitops.history import has_commit
from clawforge_cli.gitops.mirror import Mirror
from clawforge_cli.gitops.signature import Signature, refusal
from clawforge_cli.gitops.source_error import UntrustedCommitError
from clawforge_cli.gitops.trusted_keys import TrustedKeys, trusted_keys

MOST_VERIFIED = 10_000
"""Commits that are verified at once; each takes some 10 ms."""

_BATCH = 500
_FIELDS = ("%H", "%P", "%G?", "%GS", "%GF", "%GP")


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose signatures hold: principals or addresses, each once and sorted. Empty where signatures are off."""

    signers: tuple[str, ...]
    commits: int
    """How many commits were looked at."""


def verified(mirror: Mirror, trust: Trust, since: str | None, head: str) -> Verified:
    """Check the head and every commit that it has and `since` (the last applied one) had not.

    Where nothing was applied yet, the commits after `trust.since` count, and without that the head alone: its signer
    then answers for every file that it has, as far as there are rules. `trust` has whole paths (`Trust.under`). Raises
    UntrustedCommitError for the oldest commit that must not count, and FetchError if the mirror cannot be read.
    """
    if trust.signatures == "off":
        return Verified((), 0)
    keys = trusted_keys(trust, mirror.directory)
    commits = _judged(mirror, trust, since, head)
    rules = tuple(_Rule.compile(rule) for rule in trust.rules)
    signers: set[str] = set()
    for start in range(0, len(commits), _BATCH):
        batch = _signed(mirror, keys, commits[start : start + _BATCH])
        signers.update(item.signer for item in batch)
        if rules:
            _check_rules(mirror, rules, batch, whole=since is None and trust.since is None)
    return Verified(tuple(sorted(signers)), len(commits))


def _judged(mirror: Mirror, trust: Trust, since: str | None, head: str) -> Sequence[str]:
    """The ids of the commits to look at, the oldest first; the head is always one of them."""
    if trust.since is not None and not has_commit(mirror, trust.since):
        raise UntrustedCommitError(
            f"The commit {trust.since[:12]}, which `since` says is known to be good, is not on the branch.",
            code="anchor-missing",
            hint="Set `since` in the configuration of the reconciler to a commit of the branch that you looked at.",
            commit=trust.since,
        )
    if since is None and trust.since is None:
        return (head,)
    known = [item for item in (trust.since, since) if item is not None and has_commit(mirror, item)]
    limit = f"--max-count={MOST_VERIFIED + 1}"
    printed = mirror.read("rev-list", "--topo-order", limit, head, *(f"^{item}" for item in known), "--")
    commits = printed.decode("ascii").split()
    if len(commits) > MOST_VERIFIED:
        raise UntrustedCommitError(
            f"The commit {head[:12]} is more than {MOST_VERIFIED:,} commits after the last one that is known good.",
            code="too-many-commits",
            hint="Look at them, and set `since` in the configuration of the reconciler to the newest one that is good.",
            commit=head,
        )
    return tuple(reversed(commits)) or (head,)


def _signed(mirror: Mirror, keys: TrustedKeys, commits: Sequence[str]) -> list[Signature]:
    """The signatures of some commits, all of which hold."""
    form = "%x00".join(_FIELDS)
    given = "".join(f"{commit}\n" for commit in commits).encode()
    arguments = ["log", "--no-walk=unsorted", "--stdin", "-z", f"--format=tformat:{form}"]
    done = mirror.ask(arguments, stdin=given, settings=keys.settings, GNUPGHOME=str(keys.gpg_home))
    fields = done.output.decode("utf-8", "replace").split("\0")
    if done.code != 0 or len(fields) != len(commits) * len(_FIELDS) + 1:
        raise mirror.unreadable("git cannot verify what it fetched")
    found = []
    for number, commit in enumerate(commits):
        first = number * len(_FIELDS)
        signature = Signature.parse(*fields[first : first + len(_FIELDS)])
        if signature.commit.id != commit:
            raise mirror.unreadable("git verifies other commits than it was asked for")
        if not signature.holds:
            raise refusal(mirror, signature)
        found.append(signature)
    return found


@dataclass(frozen=True, slots=True)
class _Rule:
    paths: tuple[Glob, ...]
    signers: frozenset[str]
    written: SignerRule

    @classmethod
    def compile(cls, rule: SignerRule) -> _Rule:
        names = frozenset(name.casefold() for name in rule.signers)
        return cls(tuple(map(Glob.compile, rule.paths)), names, rule)

    def takes(self, path: str) -> bool:
        return any(glob.takes(path, dotted=True) for glob in self.paths)


def _check_rules(mirror: Mirror, rules: tuple[_Rule, ...], batch: Sequence[Signature], *, whole: bool) -> None:
    """`whole`: of a commit all files count, as if there were none before it."""
    by_id = {item.commit.id: item for item in batch}
    commits = [Commit(item.commit.id, ()) if whole else item.commit for item in batch]
    hint = (
        " Nothing was applied yet, so who made the older lines is not known: or set `since` in the configuration of "
        "the reconciler to a commit that you looked at."
        if whole
        else ""
    )
    for commit, paths in changed_paths(mirror, commits):
        signature = by_id[commit.id]
        for rule, path in _broken(rules, signature, sorted(paths)):
            raise UntrustedCommitError(
                f"The commit {commit.id[:12]} {'has' if whole else 'changes'} {printable(path)}, which "
                f"{signature.signer} may not change.",
                code="signer-not-allowed",
                hint=f"A rule of the reconciler lets only {', '.join(rule.written.signers[:5])} change it: have one of "
                f"them make the change, or revert it.{hint}",
                commit=commit.id,
            )


def _broken(rules: tuple[_Rule, ...], signature: Signature, paths: Sequence[str]) -> Iterator[tuple[_Rule, str]]:
    for rule in rules:
        if signature.names.isdisjoint(rule.signers):
            yield from ((rule, path) for path in paths if rule.takes(path))
