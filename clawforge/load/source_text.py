"""The bytes of a file as text that a person and a parser read alike, or the reasons why they are not.

libyaml ends lines where an editor does not (U+0085, U+2028, U+2029, a lone carriage return): a key could hide
behind what looks like a comment. Those, and every character that YAML calls not printable, are refused before
parsing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.load.hints import HINTS
from clawforge.load.limits import Limits

_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_LINE_ENDS = "\r\x85\u2028\u2029"
_REFUSED = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|\r(?!\n)")
# Default-ignorable and format characters, bidi controls, fillers and tags. U+FE0F, which makes ordinary
# emoji, is not among them; the other variation selectors are, as they can carry hidden bytes.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# libyaml compares every %TAG line with all before it, so many of them must not reach it.
_TAG_DIRECTIVE = re.compile(r"^%TAG", re.MULTILINE)


def size_problem(size: int, *, file: str, limits: Limits) -> Diagnostic | None:
    """Why a file of so many bytes is refused, to be asked before reading it; None if it may be read."""
    if size <= limits.max_bytes:
        return None
    message = f"This file has {size:,} bytes; at most {limits.max_bytes:,} are read."
    return _problem("yaml-too-large", message, file, 1, 1)


def read_text(data: bytes, *, file: str, limits: Limits) -> tuple[str | None, list[Diagnostic]]:
    """The text without a byte order mark, and what is wrong with it; None if it must not be parsed."""
    unreadable = size_problem(len(data), file=file, limits=limits) or _encoding_problem(data, file)
    if unreadable is not None:
        return None, [unreadable]
    text = data.removeprefix(_UTF8_BOM).decode("utf-8")
    refused = _refused_characters(text, file, limits.max_problems) or _tag_directive(text, file)
    invisible = [] if text.isascii() else _invisible_characters(text, file, limits.max_problems)
    return (None if refused else text), refused + invisible


def is_visible(text: str) -> bool:
    """Whether every character of a line can be seen, so that nobody has to wonder what stands in the file."""
    return text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))


def character_name(character: str) -> str:
    """How to speak of a character that should not be printed: `U+202E (RIGHT-TO-LEFT OVERRIDE)`."""
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"


def _problem(code: str, message: str, file: str, line: int, col: int) -> Diagnostic:
    return Diagnostic(code, message, Location(file, line, col), HINTS[code])


def _encoding_problem(data: bytes, file: str) -> Diagnostic | None:
    for mark, name in _OTHER_BOMS:
        if data.startswith(mark):
            return _problem("yaml-not-utf8", f"This file is {name}; only UTF-8 is read.", file, 1, 1)
    start = len(_UTF8_BOM) if data.startswith(_UTF8_BOM) else 0
    if (at := data.find(0)) >= 0:
        line, col = _end_of(data[start:at].decode("utf-8", "replace"))
        return _problem("yaml-binary", "This is a binary file, not YAML.", file, line, col)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, col = _end_of(data[start : error.start].decode("utf-8"))
        return _problem("yaml-not-utf8", f"The byte 0x{data[error.start]:02X} is not UTF-8.", file, line, col)
    return None


def _end_of(before: str) -> tuple[int, int]:
    """The 1-based line and column of what follows this text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _first_of_each_line(pattern: re.Pattern[str], text: str, most: int) -> Iterator[tuple[int, int, str]]:
    """Line, column and character of the first match of each line, for the first `most` such lines."""
    line, counted, start = 1, 0, 0
    for _ in range(most):
        match = pattern.search(text, start)
        if match is None:
            return
        at = match.start()
        line += text.count("\n", counted, at)
        counted = at
        yield line, at - text.rfind("\n", 0, at), match.group()
        start = text.find("\n", at)
        if start < 0:
            return


def _refused_characters(text: str, file: str, most: int) -> list[Diagnostic]:
    problems: list[Diagnostic] = []
    for line, col, character in _first_of_each_line(_REFUSED, text, most):
        name = character_name(character)
        if character in _LINE_ENDS:
            message = f"{name} ends a line for some programs and not for others."
            problems.append(_problem("yaml-line-separator", message, file, line, col))
        else:
            message = f"The character {name} is not allowed in YAML."
            problems.append(_problem("yaml-control-character", message, file, line, col))
    return problems


def _tag_directive(text: str, file: str) -> list[Diagnostic]:
    match = _TAG_DIRECTIVE.search(text) if "%TAG" in text else None
    if match is None:
        return []
    message = "The directive %TAG is not allowed."
    return [_problem("yaml-directive", message, file, *_end_of(text[: match.start()]))]


def _invisible_characters(text: str, file: str, most: int) -> list[Diagnostic]:
    problems: list[Diagnostic] = []
    for line, col, character in _first_of_each_line(_INVISIBLE, text, most):
        code = ord(character)
        escaped = f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
        message = f"The character {character_name(character)} cannot be seen, and may mislead who reads this."
        hint = f'Remove it, or write it as an escape in double quotes: "{escaped}".'
        location = Location(file, line, col)
        problems.append(Diagnostic("yaml-invisible-character", message, location, hint, Severity.WARNING))
    return problems
