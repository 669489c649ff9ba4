"""Globs of a ChangePolicy as the patterns of a CODEOWNERS file."""

from __future__ import annotations

import re

_CLASS = re.compile(r"\[!?\]?[^\]]*\]")
_STARS = re.compile(r"\*+")
_FILE = re.compile(r"\.ya?ml$")
"""Resources stand in such files, and no folder is called so."""
_MAY_BE_A_FILE = re.compile(r"[*?\[]|\.ya?ml$")
_STRANGE = re.compile(r"[^\w .,:;=+@%~&()'*?/$^{}<>|\"-]")
_EVERYTHING = "*"


def owner_patterns(glob: str, prefix: str) -> tuple[str, ...]:
    """The patterns that mean at least what a glob means; `prefix` is the project's folder in the repository, with a
    slash at its end, or nothing.

    Neither forge knows classes of characters, and `#` may begin a comment: one character in its place may be any.
    """
    parts = [name for name in glob.split("/") if name]
    whole = parts[-1:] == ["**"]
    while parts[-1:] == ["**"]:
        # It may stand for nothing.
        parts.pop()
    whole = whole and not (parts and _MAY_BE_A_FILE.search(parts[-1]))
    if parts and not parts[-1].strip("*"):
        # Every entry of a folder is the folder.
        parts.pop()
        whole = True
    path = f"/{_escaped(prefix)}{_joined(parts)}"
    if not parts:
        return (path if prefix else _EVERYTHING,)
    if whole:
        return (f"{path}/",)
    # A name that may be a folder means what lies in it, which only a slash at the end says on every forge.
    return (path,) if _FILE.search(path) else (path, f"{path}/")


def file_pattern(path: str, prefix: str) -> str:
    """The pattern that means one file, by its path in the project."""
    return f"/{_escaped(prefix)}{_escaped(path, is_name=True)}"


def generic_path(glob: str) -> str:
    """A path that a glob means, made of what no other glob names: another glob that means it means all of it."""
    parts = []
    for name in glob.split("/"):
        if not name:
            continue
        if name == "**":
            parts += ["\x01\x01\x01", "\x02\x02\x02"]
        else:
            parts.append(_STARS.sub("\x03\x03\x03", _CLASS.sub("\x04", name).replace("?", "\x05")))
    return "/".join(parts)


def _joined(parts: list[str]) -> str:
    return "/".join(name if name == "**" else _escaped(_STARS.sub("*", _CLASS.sub("?", name))) for name in parts)


def _escaped(text: str, *, is_name: bool = False) -> str:
    named = re.sub(r"[*?]", "?", text) if is_name else text
    return _STRANGE.sub("?", named).replace(" ", "\\ ")
