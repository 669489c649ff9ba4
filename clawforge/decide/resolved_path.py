"""What a path in a call means: absolute and normalised, under every reading that a host could give it.

Lexical only. Symbolic links are the agent's business: it gives the decision a way to follow them. A link that
changes between the decision and the call is outside of what is decided here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from urllib.parse import unquote

LONGEST_PATH = 4096

_DRIVE = re.compile(r"([A-Za-z]):(?=/|\Z)")
_DRIVE_RELATIVE = re.compile(r"[A-Za-z]:")
_VARIABLE = re.compile(r"\$(?:([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)\})(?=/|\Z)")
_SHORT_NAME = re.compile(r"~[0-9]")
_FILE_URL = re.compile(r"file:(?://[^/\\]*)?(?=[/\\])", re.IGNORECASE)
_PLAIN = re.compile(r"[/A-Za-z0-9._-][A-Za-z0-9._/+=,-]*\Z")
"""Paths that have one reading only, which is nearly all of them."""


class Anchor(Enum):
    """Where a path starts: at the root; at a home or workspace whose own place is unknown; or nobody can
    say."""

    ROOT = "/"
    HOME = "~"
    WORKSPACE = "$WORKSPACE"
    UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class ResolvedPath:
    """Names below the anchor, in NFC, without `.` and `..`. A drive is the first name: `c:`. `folded` are the
    names without case."""

    anchor: Anchor
    names: tuple[str, ...] = ()
    folded: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", tuple(name.casefold() for name in self.names))


UNKNOWN_PATH = ResolvedPath(Anchor.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the home and the workspace are, None if unknown, and whether the machine names its drives."""

    home: tuple[str, ...] | None = None
    workspace: tuple[str, ...] | None = None
    windows: bool = False


@lru_cache(maxsize=256)
def surroundings(home: str | None, workspace: str | None) -> Surroundings:
    """From what the agent says about its machine; a path that is not absolute counts as unknown."""
    places = []
    for text in (home, workspace):
        windows = text is not None and _DRIVE.match(text.replace("\\", "/")) is not None
        path = None if text is None else _resolve(text, Surroundings(), windows)
        places.append(path.names if path is not None and path.anchor is Anchor.ROOT else None)
    drives = [names[0] for names in places if names and _DRIVE.fullmatch(names[0])]
    return Surroundings(places[0], places[1], bool(drives))


def absolute(path: str) -> ResolvedPath:
    """An absolute path that the system itself gave, which has one reading."""
    return _resolve(path, Surroundings(), False)


def readings(text: str, around: Surroundings) -> tuple[ResolvedPath, ...]:
    """Everything that a path may mean to a host: as written, and with what some hosts do to it first.

    Those are: a leading `@` dropped, odd white space replaced, `file:` URLs opened, backslashes taken as
    separators. `UNKNOWN_PATH` is among them if some reading cannot be followed: another user's home, an
    unknown variable, a control character, more than 4,096 characters.
    """
    if _PLAIN.match(text) and len(text) <= LONGEST_PATH:
        return (_resolve(text, around, around.windows),)
    if len(text) > LONGEST_PATH or any(unicodedata.category(c) in {"Cc", "Cs"} for c in text):
        return (UNKNOWN_PATH,)
    found: dict[ResolvedPath, None] = {}
    for variant in _variants(text):
        windows = around.windows or "\\" in variant or _DRIVE_RELATIVE.match(variant) is not None
        if windows:
            found[_resolve(variant, around, True)] = None
        if not around.windows:
            found[_resolve(variant, around, False)] = None
    return tuple(found)


def _variants(text: str) -> list[str]:
    variants = [text]
    spaced = "".join(" " if c.isspace() else c for c in text if unicodedata.category(c) != "Cf")
    stripped = spaced.strip().removeprefix("@")
    url = _FILE_URL.match(stripped)
    if url is not None:
        opened = unquote(stripped[url.end() :])
        variants.append(opened)
        drive = _DRIVE.match(opened[1:])
        if drive is not None:
            variants.append(opened[1:])
    return [*variants, *(v for v in (text.removeprefix("@"), spaced, stripped) if v not in variants)]


def _resolve(text: str, around: Surroundings, windows: bool) -> ResolvedPath:
    if windows:
        text = text.replace("\\", "/")
        if text.startswith(("//?/", "//./")):
            text = text[4:]
    if "\x00" in text:
        return UNKNOWN_PATH
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    start, rest = _start(text, around, windows)
    if start is None:
        return UNKNOWN_PATH
    return _walk(start, rest, windows)


def _start(text: str, around: Surroundings, windows: bool) -> tuple[ResolvedPath | None, str]:
    """Where the path begins, and what is left of it; None for a beginning that cannot be known."""
    if text.startswith("~"):
        user, _, rest = text.partition("/")
        return (_home(around) if user == "~" else None), rest
    if text.startswith("$"):
        variable = _VARIABLE.match(text)
        if variable is not None:
            name = variable[1] or variable[2]
            places = {"HOME": _home(around), "WORKSPACE": _workspace(around)}
            return places.get(name), text[variable.end() :]
    if windows and _DRIVE_RELATIVE.match(text):
        drive = _DRIVE.match(text)
        return (ResolvedPath(Anchor.ROOT, (f"{drive[1].lower()}:",)) if drive else None), text[2:]
    if not text.startswith("/"):
        return _workspace(around), text
    home_drive = (around.workspace or around.home or ())[:1]
    if windows and around.windows and not text.startswith("//") and _DRIVE.fullmatch("".join(home_drive)):
        return ResolvedPath(Anchor.ROOT, home_drive), text
    return ResolvedPath(Anchor.ROOT), text


def _home(around: Surroundings) -> ResolvedPath:
    return ResolvedPath(Anchor.HOME) if around.home is None else ResolvedPath(Anchor.ROOT, around.home)


def _workspace(around: Surroundings) -> ResolvedPath:
    if around.workspace is None:
        return ResolvedPath(Anchor.WORKSPACE)
    return ResolvedPath(Anchor.ROOT, around.workspace)


def _walk(start: ResolvedPath, rest: str, windows: bool) -> ResolvedPath:
    names = list(start.names)
    for name in rest.split("/"):
        if windows:
            if _SHORT_NAME.search(name):
                return UNKNOWN_PATH
            name = _windows_name(name)
        if name == "..":
            if names:
                names.pop()
            elif start.anchor is not Anchor.ROOT:
                return UNKNOWN_PATH
        elif name not in ("", "."):
            names.append(name)
    return ResolvedPath(start.anchor, tuple(names))


def _windows_name(name: str) -> str:
    """Windows ignores blanks and dots at the end of a name, and what follows a colon is a stream of the same
    file."""
    bare = name.rstrip(" ")
    if bare in (".", ".."):
        return bare
    return bare.partition(":")[0].rstrip(" .")
