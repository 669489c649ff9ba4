"""libyaml's complaints in words that help the person who wrote the file."""

from __future__ import annotations

from typing import Final

from clawforge.diagnostic import Diagnostic, Location
from clawforge.load.hints import HINTS
from clawforge.load.source_text import character_name

_TAB_MESSAGE = "A tab stands where YAML wants spaces."
_QUOTE_HINT = "Put the value in quotes."

# libyaml's words -> code, message, hint.
_PROBLEMS: Final[dict[str, tuple[str, str, str]]] = {
    "found a tab character that violates indentation": ("yaml-tab", _TAB_MESSAGE, HINTS["yaml-tab"]),
    "found a tab character where an indentation space is expected": (
        "yaml-tab",
        _TAB_MESSAGE,
        HINTS["yaml-tab"],
    ),
    "mapping values are not allowed in this context": (
        "yaml-syntax",
        "A key cannot stand here.",
        "Check the indentation of this line and the one before; put a value that contains ': ' in quotes.",
    ),
    "mapping keys are not allowed in this context": (
        "yaml-syntax",
        "A '?' cannot stand here.",
        "Put a value that begins with '?' in quotes.",
    ),
    "block sequence entries are not allowed in this context": (
        "yaml-syntax",
        "A list item cannot stand here.",
        "Begin the list on a line of its own below the key, or write it in brackets: [a, b].",
    ),
    "did not find expected key": (
        "yaml-syntax",
        "A key was expected here.",
        "Indent this line like the other keys of its mapping, and close every quote and bracket before it.",
    ),
    "did not find expected '-' indicator": (
        "yaml-syntax",
        "A list item was expected here.",
        "Indent this line like the other items of its list, and begin it with '- '.",
    ),
    "could not find expected ':'": (
        "yaml-syntax",
        "A key ends here without a ':'.",
        "Write ': ' after the key; indent the lines of a longer text further than its key.",
    ),
    "did not find expected ',' or ']'": (
        "yaml-syntax",
        "A ',' or the closing ']' of the list was expected here.",
        "Close the bracket, and put items that contain brackets, braces or commas in quotes.",
    ),
    "did not find expected ',' or '}'": (
        "yaml-syntax",
        "A ',' or the closing '}' of the mapping was expected here.",
        "Close the brace, and put values that contain brackets, braces or commas in quotes.",
    ),
    "found unexpected ':'": (
        "yaml-syntax",
        "This ':' is neither part of a word nor the end of a key.",
        "Put a space after it, or the text in quotes.",
    ),
    "did not find expected node content": ("yaml-syntax", "A value was expected here.", _QUOTE_HINT),
    "did not find expected <document start>": (
        "yaml-syntax",
        "Text follows the end of a document.",
        "Begin each further document with a line '---'.",
    ),
    "found unexpected end of stream": (
        "yaml-syntax",
        "The quote that opens here is never closed.",
        "Close it with the same quote.",
    ),
    "found unexpected document indicator": (
        "yaml-syntax",
        "The quote that opens here is not closed before the document ends.",
        "Close it with the same quote.",
    ),
    "found unknown escape character": (
        "yaml-syntax",
        "Double quotes hold a backslash that begins no known escape.",
        "Write the backslash twice, or use single quotes: a regular expression belongs in single quotes.",
    ),
    "did not find expected hexdecimal number": (
        "yaml-syntax",
        "An escape needs more hexadecimal digits.",
        "Write \\x41, \\u0041 or \\U00000041; a backslash meant as itself is written twice.",
    ),
    "found invalid Unicode character escape code": (
        "yaml-surrogate",
        "This escape is half of a surrogate pair or beyond Unicode.",
        "Write the character itself, or one escape with eight digits such as \\U0001F600.",
    ),
    "found undefined tag handle": ("yaml-tag", "Tags are not allowed.", HINTS["yaml-tag"]),
    "found incompatible YAML document": (
        "yaml-directive",
        "Only YAML 1.2 is read.",
        HINTS["yaml-directive"],
    ),
    "found duplicate %YAML directive": ("yaml-directive", "A second %YAML line.", "Remove it."),
    "found unknown directive name": ("yaml-directive", "This directive is not allowed.", "Remove the line."),
}
_CONTEXTS: Final[dict[str, tuple[str, str, str]]] = {
    "while scanning an alias": (
        "yaml-alias",
        "An unquoted '*' begins an alias, and aliases are not allowed.",
        HINTS["yaml-alias"],
    ),
    "while scanning an anchor": (
        "yaml-anchor",
        "An unquoted '&' begins an anchor, and anchors are not allowed.",
        HINTS["yaml-anchor"],
    ),
    "while scanning a tag": ("yaml-tag", "Tags are not allowed.", HINTS["yaml-tag"]),
    "while parsing a tag": ("yaml-tag", "Tags are not allowed.", HINTS["yaml-tag"]),
    "while scanning a %YAML directive": (
        "yaml-directive",
        "This %YAML line is malformed.",
        "Remove the line.",
    ),
    "while scanning a directive": ("yaml-directive", "This directive is not allowed.", "Remove the line."),
}
# libyaml stops behind what has to be mended here, so these are shown where they began.
_SHOWN_AT_THEIR_START = frozenset(
    {
        "found unexpected end of stream",
        "found unexpected document indicator",
        "while scanning an alias",
        "while scanning an anchor",
        "while scanning a tag",
        "while parsing a tag",
    }
)


def syntax_problem(
    *, problem: str, context: str, at: tuple[int, int], since: tuple[int, int] | None, text: str, file: str
) -> Diagnostic:
    """The diagnostic for a syntax error.

    `at` and `since` are 1-based lines and columns: where libyaml stopped, and where what it read began.
    """
    if since is not None and not _SHOWN_AT_THEIR_START.isdisjoint((problem, context)):
        at, since = since, None
    location = Location(file, *at)
    if problem == "found character that cannot start any token":
        return _reserved_character(_character_at(text, *at), location)
    known = _CONTEXTS.get(context) or _PROBLEMS.get(problem)
    if known is None:
        message = f"This is not valid YAML: {problem or context or 'it cannot be read'}."
        return Diagnostic("yaml-syntax", message, location, "Check quotes, brackets and indentation around here.")
    code, message, hint = known
    if since is not None and since[0] != at[0] and "closing" in message:
        message = f"{message[:-1]}; it opened on line {since[0]}."
    return Diagnostic(code, message, location, hint)


def _reserved_character(character: str, location: Location) -> Diagnostic:
    if character == "\t":
        return Diagnostic("yaml-tab", _TAB_MESSAGE, location, HINTS["yaml-tab"])
    shown = f"'{character}'" if character.isprintable() else character_name(character)
    return Diagnostic("yaml-syntax", f"A value cannot begin with {shown}.", location, _QUOTE_HINT)


def _character_at(text: str, line: int, col: int) -> str:
    lines = text.split("\n")
    rest = lines[line - 1][col - 1 :] if line <= len(lines) else ""
    return rest[:1] or "\n"
