"""Changed files of a project as a commit on a branch of the local repository.

Index, work tree and HEAD stay as they are.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import ConflictError, InputError
from clawforge_cli.gitops.commit_message import MADE_BY_US, CommitMessage
from clawforge_cli.gitops.committed_text import committed_texts
from clawforge_cli.gitops.identity import Person, configured_person, require_own_signing_program, signs_commits
from clawforge_cli.gitops.plumbing import GitFailedError, Plumbing

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who says that a commit is theirs, who made it, when, and whether it is signed with the program of the user."""

    author: Person
    committer: Person
    at: dt.datetime
    signed: bool

    @classmethod
    def here(cls, directory: Path, at: dt.datetime, *, author: str | None, sign: bool | None) -> Authorship:
        """As git is configured for a directory; `author` is named instead, and `sign` None means never. Raises
        InputError if nobody is."""
        user = configured_person(directory)
        named = None if author is None else Person.parse(author)
        writer = named or user
        if writer is None:
            raise InputError(
                "Git does not know who you are, and a commit needs an author.",
                hint="Set user.name and user.email with `git config`, or name one: --author 'Ann <ann@acme.example>'.",
                code="no-author",
            )
        signed = sign is not None and (sign or signs_commits(directory))
        if signed:
            require_own_signing_program(directory)
        return cls(writer, user or writer, at, signed)

    def variables(self) -> dict[str, str]:
        """What git reads them from."""
        date = f"{int(self.at.timestamp())} +0000"
        return {
            "GIT_AUTHOR_NAME": self.author.name,
            "GIT_AUTHOR_EMAIL": self.author.email,
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_NAME": self.committer.name,
            "GIT_COMMITTER_EMAIL": self.committer.email,
            "GIT_COMMITTER_DATE": date,
        }


@dataclass(frozen=True, slots=True)
class PreparedCommit:
    """A commit that no branch has yet. `parent` is the commit before it, `present` what the branch is now, if it is."""

    id: str
    parent: str
    branch: str
    present: str | None
    plumbing: Plumbing

    def publish(self) -> None:
        """Put it on its branch. Raises ConflictError if the branch is no more what it was."""
        ref = f"refs/heads/{self.branch}"
        reason = f"clawforge: {self.id[:12]}"
        try:
            self.plumbing.run(
                "update-ref", "--no-deref", "-m", reason, ref, self.id, self.present or "0" * len(self.id)
            )
        except GitFailedError as error:
            raise ConflictError(
                f"The branch {self.branch} was not changed: {error.message}",
                hint="Somebody changed it meanwhile, or another branch stands in its way. Look, and run this again.",
                code="branch-changed",
            ) from error


def prepare_commit(
    root: Path, files: Sequence[ChangedText], message: CommitMessage, authorship: Authorship, *, branch: str
) -> PreparedCommit:
    """Make the commit, on top of HEAD or of what was proposed on the branch before; the branch does not have it yet.

    `root` is the project's directory, to which the paths are relative. Raises InputError where there is no repository
    or no commit, for a name that no branch can have, and for files that differ from what is committed; ConflictError
    for a branch that holds somebody's own work, or is checked out.
    """
    plumbing = Plumbing.around(root)
    present = _own_branch(plumbing, branch)
    parent = present or head(plumbing)
    commit = make_commit(plumbing, parent, files, message, authorship)
    return PreparedCommit(commit, parent, branch, present, plumbing)


def make_commit(
    plumbing: Plumbing,
    parent: str,
    files: Sequence[ChangedText],
    message: CommitMessage,
    authorship: Authorship,
    store: Mapping[str, str] | None = None,
) -> str:
    """The id of a commit that differs from its parent in these files alone; `store` are variables that say where
    objects go. Raises InputError as `prepare_commit`."""
    texts = committed_texts(plumbing, parent, files)
    with tempfile.TemporaryDirectory(prefix="clawforge-") as folder:
        own = {**(store or {}), "GIT_INDEX_FILE": str(Path(folder) / "index")}
        plumbing.run("read-tree", parent, more=own)
        entries = []
        for text in texts:
            blob = plumbing.line("hash-object", "-w", "--stdin", "--no-filters", stdin=text.data, more=own)
            entries.append(text.mode + b" " + blob.encode() + b"\t" + text.path + b"\0")
        plumbing.run("update-index", "-z", "--index-info", stdin=b"".join(entries), more=own)
        tree = plumbing.line("write-tree", more=own)
    if tree == plumbing.line("rev-parse", f"{parent}^{{tree}}"):
        raise InputError("The files say so already: there is nothing to commit.", code="nothing-to-commit")
    arguments = ["commit-tree", tree, "-p", parent, "-F", "-"]
    variables = {**(store or {}), **authorship.variables()}
    said = message.text().encode()
    if not authorship.signed:
        return plumbing.line(*arguments, stdin=said, more=variables)
    try:
        return plumbing.sign(*arguments, "-S", stdin=said, more=variables).decode("ascii").strip()
    except GitFailedError as error:
        raise InputError(
            f"The commit was not signed, so it was not made: {error.message}",
            hint="Does `git commit -S` work here? Signing is asked for by --sign or by commit.gpgsign.",
            code="not-signed",
        ) from error


def head(plumbing: Plumbing) -> str:
    """The commit that HEAD names. Raises InputError if there is none."""
    found = plumbing.found("HEAD")
    if found is None:
        raise InputError(
            "The repository has no commit yet, so there is nothing to propose a change of.",
            hint="Commit the project first.",
            code="no-commit",
        )
    return found


def _own_branch(plumbing: Plumbing, branch: str) -> str | None:
    """What the branch is now; None if it is not there."""
    ref = f"refs/heads/{branch}"
    named = branch.isprintable() and not branch.startswith("-") and branch != "HEAD"
    if not named or not plumbing.holds("check-ref-format", ref):
        raise InputError(f"{branch!r} is no name of a branch.", hint="Such as codify/stop-exec.")
    other = "Name another branch, or remove this one first."
    parts = branch.split("/")
    around = [f"refs/heads/{'/'.join(parts[:count])}" for count in range(1, len(parts))]
    in_the_way = plumbing.run("for-each-ref", "--format=%(refname:short)", f"{ref}/", *around).decode(
        "utf-8", "replace"
    )
    for name in in_the_way.splitlines():
        if branch.startswith(f"{name}/") or name.startswith(f"{branch}/"):
            raise ConflictError(f"The branch {name} stands in the way of {branch}.", hint=other, code="branch-exists")
    if plumbing.holds("symbolic-ref", "--quiet", ref):
        raise ConflictError(f"{branch} only stands for another branch.", hint=other, code="branch-exists")
    present = plumbing.found(ref)
    return None if present is None else _checked_own(plumbing, branch, present, other)


def _checked_own(plumbing: Plumbing, branch: str, present: str, other: str) -> str:
    """The commit of a branch that is ours, and that nobody works on."""
    ref = f"refs/heads/{branch}"
    if plumbing.run("for-each-ref", "--format=%(worktreepath)", ref).strip():
        raise ConflictError(
            f"The branch {branch} is checked out, and would change below whoever works there.",
            hint=other,
            code="branch-checked-out",
        )
    start = head(plumbing)
    if not plumbing.holds("merge-base", "--is-ancestor", start, present):
        raise ConflictError(
            f"The branch {branch} is there already, and does not begin at the present commit.",
            hint=other,
            code="branch-exists",
        )
    form = f"--format=%(trailers:key={MADE_BY_US},valueonly,separator=%x2C)%x00"
    said = plumbing.run("rev-list", "--no-commit-header", form, f"{start}..{present}")
    if any(not trailer.strip() for trailer in said.split(b"\0")[:-1]):
        raise ConflictError(
            f"The branch {branch} is there already, with commits that clawforge did not make.",
            hint=other,
            code="branch-exists",
        )
    return present
