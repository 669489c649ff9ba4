"""Files beside a project that belong to its repository, and blocks of ours in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clawforge.errors import ClawforgeError, ConflictError, InputError


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The top of the repository around a project, and the project's folder in it, with a slash at its end, or nothing.
    Where there is no repository the project is the top."""

    top: Path
    prefix: str

    @classmethod
    def of(cls, project: Path) -> Surroundings:
        """By the first `.git` on the way up."""
        here = project.resolve()
        top = next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)
        below = here.relative_to(top).as_posix()
        return cls(top, "" if below == "." else f"{below}/")

    def first(self, names: Sequence[str]) -> str:
        """The first of these files that is there, else the first name."""
        return next((name for name in names if (self.top / name).is_file()), names[0])

    def read(self, name: str) -> bytes | None:
        """What a file holds; None if there is none. Raises InputError for what is no plain file, and for a link."""
        path = self.top / name
        if path.is_symlink() or any((self.top / folder).is_symlink() for folder in Path(name).parents[:-1]):
            raise InputError(f"{path} is a symbolic link, or lies behind one.", hint="Put a plain file in its place.")
        try:
            return path.read_bytes() if path.exists() else None
        except OSError as error:
            raise ClawforgeError(f"{path} cannot be read: {error.strerror}.") from error

    def write(self, name: str, before: bytes | None, after: bytes) -> None:
        """Raises ConflictError for a file that changed meanwhile, and ClawforgeError if it cannot be written."""
        from clawforge_cli.replace_file import replace_file

        path = self.top / name
        if before is not None:
            replace_file(path, before, after)
            return
        try:
            with path.open("xb") as stream:
                stream.write(after)
        except FileExistsError as error:
            raise ConflictError(f"{path} came to be meanwhile.", hint="It is left as it is; run this again.") from error
        except OSError as error:
            raise ClawforgeError(f"{path} cannot be written: {error.strerror}.") from error


def text_of(name: str, data: bytes | None) -> str:
    """Raises InputError for what is not UTF-8."""
    try:
        return "" if data is None else data.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is not UTF-8, so it is not changed.") from error
