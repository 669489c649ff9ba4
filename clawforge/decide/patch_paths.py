"""The files that a patch touches, read from its text: the `*** Begin Patch` format and unified diffs."""

from __future__ import annotations

import re

_OPERATION = re.compile(r"\s*\*\*\*\s*(?:(?:add|update|delete)\s+file|move\s+to)\s*:(.*)", re.IGNORECASE)
_HARMLESS = re.compile(r"\s*\*\*\*\s*(?:begin patch|end patch|end of file)\s*\Z", re.IGNORECASE)
_STARRED = re.compile(r"\s*\*\*\*\s*\S")
_UNIFIED = re.compile(r"(?:---|\+\+\+)\s+(\S.*)")
_GIT = re.compile(r"(?:rename|copy) (?:from|to) (.*)")
_GIT_HEADER = re.compile(r"diff --git (.*)")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def patch_paths(text: str) -> tuple[str, ...] | None:
    """Every path that a patch may touch, without repetition. Lines that only look like headers are read too.

    None if the text holds an operation that is not understood, so that more files may be touched than can be
    told; an empty tuple if nothing in it looks like a patch.
    """
    found: dict[str, None] = {}
    for line in text.splitlines():
        operation = _OPERATION.match(line)
        if operation is not None:
            found[operation[1].strip()] = None
        elif _STARRED.match(line) and not _HARMLESS.match(line):
            return None
        else:
            found.update(dict.fromkeys(_diff_paths(line)))
    return tuple(path for path in found if path)


def _diff_paths(line: str) -> list[str]:
    unified = _UNIFIED.match(line)
    if unified is not None:
        name = _unquoted(unified[1].partition("\t")[0].strip())
        return [] if name == "/dev/null" else _with_and_without_prefix(name)
    renamed = _GIT.match(line)
    if renamed is not None:
        return [_unquoted(renamed[1].strip())]
    header = _GIT_HEADER.match(line)
    if header is None:
        return []
    # Names may hold spaces: both halves of a line that names one file twice, and every word of another.
    words = header[1].strip()
    middle = len(words) // 2
    halves = [words[:middle].strip(), words[middle:].strip()]
    names = halves if halves[0][2:] == halves[1][2:] else words.split()
    return [path for name in names for path in _with_and_without_prefix(_unquoted(name))]


def _with_and_without_prefix(name: str) -> list[str]:
    """Programs differ in whether they drop the `a/` and `b/` that git puts before names."""
    return [name, name[2:]] if name[:2] in ("a/", "b/") else [name]


def _unquoted(name: str) -> str:
    """A name as git quotes it, in C's manner, is bytes of UTF-8."""
    if len(name) < 2 or name[0] != '"' or name[-1] != '"':
        return name
    raw = bytearray()
    at = 1
    for match in _ESCAPE.finditer(name, 1, len(name) - 1):
        raw += name[at : match.start()].encode("utf-8", "replace")
        code = match[1]
        raw += bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _ESCAPED.get(code, code).encode("utf-8", "replace")
        at = match.end()
    raw += name[at:-1].encode("utf-8", "replace")
    return raw.decode("utf-8", "replace")
