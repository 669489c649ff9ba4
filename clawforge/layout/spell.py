"""How a text is spelled in YAML: as it is where it means itself, else in quotes."""

from __future__ import annotations

import re

from clawforge.load.scalar import resolve_plain
from clawforge.load.source_text import is_visible

# Words that mean themselves without quotes, inside of brackets as well.
_WORD = r"[A-Za-z0-9_./*=@+-]+(?::[A-Za-z0-9_./*=@+-]+)*"
_ANYWHERE = re.compile(rf"(?=[A-Za-z0-9_./]|~/|\$[A-Za-z])[~$]?{_WORD}(?: {_WORD})*")
# A sentence, which brackets would cut at its commas.
_PROSE_WORD = r"[A-Za-z0-9_./*=@+()'\";,?!-]+(?::[A-Za-z0-9_./*=@+-]+)*"
_OUTSIDE_OF_BRACKETS = re.compile(rf"(?=[A-Za-z]){_PROSE_WORD}(?: {_PROSE_WORD})*")
_NAMED_ESCAPES = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def spelled(text: str, *, in_brackets: bool = True) -> str:
    """The text on one line, whatever it holds. `in_brackets`: it may stand in a list or mapping on one line."""
    plain = _ANYWHERE.fullmatch(text) or (not in_brackets and _OUTSIDE_OF_BRACKETS.fullmatch(text))
    if plain and _is_text(text):
        return text
    if not is_visible(text):
        return '"' + "".join(_escaped(character) for character in text) + '"'
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _is_text(word: str) -> bool:
    try:
        return isinstance(resolve_plain(word), str)
    except ValueError:
        return False


def _escaped(character: str) -> str:
    named = _NAMED_ESCAPES.get(character)
    if named is not None:
        return named
    if is_visible(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
