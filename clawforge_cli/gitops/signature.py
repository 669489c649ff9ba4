"""The signature of a commit, as git judges it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge_cli.gitops.changed_paths import Commit
from clawforge_cli.gitops.source_error import UntrustedCommitError

if TYPE_CHECKING:
    from clawforge_cli.gitops.mirror import Mirror

_ADDRESS = re.compile(r".*<([^<>\s\x00-\x1f\x7f]+)>", re.DOTALL)
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,254}")
_GOOD = "G"
_MOST_OF_HEADER = 64 * 1024

_REFUSALS = {
    "N": ("unsigned-commit", "is not signed", "Sign it (git commit --amend -S, or git rebase --exec) and push again."),
    "B": (
        "bad-signature",
        "carries a signature that does not hold: of other content, of a revoked key, or made for something else",
        "Nobody should use this commit. Find out who made it, and reset the branch to the commit before it.",
    ),
    "U": (
        "unknown-signer",
        "is signed with a key that is not trusted here, or was not at the time of the commit",
        "Have a trusted signer make the commit; or add the key to `allowedSigners` or `gpgKeyring` of the reconciler, "
        "which its next cycle reads.",
    ),
    "X": ("expired-signature", "carries a signature that expired", "Sign it anew and push again."),
    "Y": (
        "expired-signature",
        "is signed with a key that expired",
        "Prolong the key in `gpgKeyring`, which the next cycle reads, or sign it anew.",
    ),
    "R": (
        "revoked-signer",
        "is signed with a key that was revoked",
        "Find out who made the commit, and have a trusted signer make it anew.",
    ),
}
_UNSUPPORTED = (
    "unsupported-signature",
    "is signed with an X.509 certificate (as gitsign does), which cannot be verified without asking a log on the net",
    "Sign it with an SSH key or a GPG key.",
)


@dataclass(frozen=True, slots=True)
class Signature:
    """`state` is git's letter, `signer` a principal or an address and only true if the signature holds."""

    commit: Commit
    state: str
    signer: str
    fingerprints: frozenset[str]

    @classmethod
    def parse(cls, commit: str, parents: str, state: str, signer: str, key: str, primary: str) -> Signature:
        """From what git prints for %H, %P, %G?, %GS, %GF and %GP."""
        fingerprints = frozenset(item for item in (key, primary) if item)
        address = _ADDRESS.fullmatch(signer)
        name = address[1] if address else signer
        if not _NAME.fullmatch(name):
            name = primary or key
        return cls(Commit(commit, tuple(parents.split())), state, name, fingerprints)

    @property
    def holds(self) -> bool:
        """Whether it is good, and of somebody who is trusted. Every other letter of git's is a refusal."""
        return self.state == _GOOD and bool(self.signer)

    @property
    def names(self) -> frozenset[str]:
        """What a rule may call the signer."""
        return frozenset(item.casefold() for item in (self.signer, *self.fingerprints))


def refusal(mirror: Mirror, signature: Signature) -> UntrustedCommitError:
    """Why a commit whose signature does not hold is refused. Raises FetchError if the mirror cannot be read."""
    state = "U" if signature.state == "E" else signature.state
    code, why, hint = _REFUSALS.get(state, _REFUSALS["B"])
    if state == "N":
        header = mirror.read("cat-file", "commit", signature.commit.id)[:_MOST_OF_HEADER].partition(b"\n\n")[0]
        if b"-----BEGIN SIGNED MESSAGE-----" in header:
            code, why, hint = _UNSUPPORTED
        elif b"\ngpgsig" in header:
            code, why, hint = _REFUSALS["B"]
    return UntrustedCommitError(
        f"The commit {signature.commit.id[:12]} {why}.", code=code, hint=hint, commit=signature.commit.id
    )
