"""Changed files of a project as a patch that `git am` takes: the repository gets no new object."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from clawforge_cli.gitops.plumbing import Plumbing

_FORM = (
    "--stdout",
    "--no-stat",
    "--no-signature",
    "--no-numbered",
    "--no-cover-letter",
    "--no-attach",
    "--no-thread",
    "--no-base",
    "--no-notes",
    "--no-to",
    "--no-cc",
    "--no-add-header",
    "--subject-prefix=PATCH",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-renames",
    "--no-relative",
    "--full-index",
    "--binary",
    "--unified=3",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)
"""Whatever the repository's own configuration says of patches."""


@contextmanager
def objects_aside(plumbing: Plumbing) -> Iterator[Mapping[str, str]]:
    """Variables by which git puts new objects into a folder of its own, which is gone afterwards."""
    objects = plumbing.root / plumbing.run("rev-parse", "--git-path", "objects").decode().removesuffix("\n")
    quoted = str(objects.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    with tempfile.TemporaryDirectory(prefix="clawforge-") as folder:
        yield {"GIT_OBJECT_DIRECTORY": folder, "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{quoted}"'}


def patch_of(plumbing: Plumbing, commit: str, store: Mapping[str, str]) -> bytes:
    """The commit as `git format-patch` writes it."""
    return plumbing.run("format-patch", *_FORM, "-1", commit, more=store)


def write_patch(path: Path, patch: bytes) -> None:
    """Raises InputError for a file that is there already, and ClawforgeError if it cannot be written."""
    from clawforge.errors import ClawforgeError, InputError

    try:
        with path.open("xb") as stream:
            stream.write(patch)
    except FileExistsError as error:
        raise InputError(f"{path} is there already.", hint="Name a file that is not there.") from error
    except OSError as error:
        raise ClawforgeError(f"{path} cannot be written: {error.strerror}.") from error
