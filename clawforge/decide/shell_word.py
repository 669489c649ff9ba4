"""Reads the words and operators of a shell command line, without a shell and without running anything.

This is one of two independent readings of a command line; the other is tree-sitter's (`shell.py`), and a line
counts as understood only where both agree. The rules are those of the POSIX Shell Command Language, section
2.2 (quoting) and 2.3 (token recognition), cut down to what means the same in sh, bash, dash and zsh: anything
else, and anything whose value only the running shell knows, ends the reading with a reason in plain words.

Offsets are bytes of the UTF-8 text: the text is held as Latin-1, one character a byte, which is safe because
every character that means something to a shell is ASCII.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

ASSIGNMENT = "a variable assignment"
GLOB = "an unquoted file name pattern"
VARIABLE = "a variable whose value is unknown"
SUBSTITUTION = "command substitution"
FILE_REDIRECTION = "redirection to a file"
HERE_DOCUMENT = "a here-document"
BRACES = "brace expansion"
KEYWORD = "a shell loop, condition or function"
UNPARSABLE = "not valid shell syntax"

_OPERATORS = (
    "<<<", "<<-", "&>>", ";;&", "<&-", ">&-", "&&", "||", "|&", ";;", ";&", "&>", ">>", "<<", ">&", "<&",
    ">|", "<>", "|", "&", ";", "(", ")", "<", ">", "\n",
)  # fmt: skip
"""Longest first, so that the first one that fits is the right one."""
_CONTROL = frozenset({"&&", "||", "|&", "|", "&", ";", "(", ")", "\n"})
_FILE_REDIRECTS = frozenset({"<", ">", ">>", ">|", "&>", "&>>", "<>"})
_DESCRIPTOR_REDIRECTS = frozenset({">&", "<&"})
_CLOSING_REDIRECTS = frozenset({">&-", "<&-"})


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEYWORDS = _names(
    "if then elif else fi for while until do done case esac select function coproc in [[ ]] foreach end repeat"
)
_METACHARACTERS = frozenset(" \t\n;&|<>()")
_ASSIGNMENT_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[.*\])?\+?=", re.DOTALL)
_BRACE_EXPANSION = re.compile(r"\{.*(,|\.\.).*\}", re.DOTALL)
_EXPANDING_TILDE = re.compile(r"(?:^|[=:])~(?!/|$)")


class Opaque(Exception):
    """The line cannot be read any further; the message says why, in plain words."""


class Kind(Enum):
    """What a token is for: a word of a command, something between commands, or part of a redirection."""

    WORD = "word"
    CONTROL = "control"
    REDIRECTION = "redirection"


NEWLINE = (Kind.CONTROL, "\n")
"""Kind and text of the token that ends a line; tree-sitter leaves it out of its tree."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or operator at bytes `start` to `end`; `text` is what a program would get: no quotes, no
    backslashes.
    """

    kind: Kind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """Everything read before the end, or before `opaque` (None: the whole line was read)."""

    tokens: tuple[Token, ...]
    opaque: str | None

    def commands(self) -> tuple[tuple[Token, ...], ...]:
        """The words of each simple command, in the order they are written."""
        commands: list[list[Token]] = [[]]
        for token in self.tokens:
            if token.kind is Kind.CONTROL:
                commands.append([])
            elif token.kind is Kind.WORD:
                commands[-1].append(token)
        return tuple(tuple(command) for command in commands if command)


def read_words(source: bytes) -> Words:
    """Read `source`, the UTF-8 bytes of a command line. Never raises."""
    reader = _Reader(source.decode("latin-1"))
    try:
        reader.read()
    except Opaque as reason:
        return Words(tuple(reader.tokens), str(reason))
    return Words(tuple(reader.tokens), None)


class _Reader:
    """One pass over the text; `position` is always at a character that is not yet read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.tokens: list[Token] = []

    def read(self) -> None:
        while self._skip_blanks():
            operator = self._operator()
            if operator is None:
                self._read_command_word()
            elif operator in _CONTROL:
                self._add(Kind.CONTROL, operator, self.position + len(operator))
            else:
                self._read_redirection(operator)

    def _skip_blanks(self) -> bool:
        """Move to the next token; False at the end of the text."""
        text = self.text
        while self.position < len(text):
            character = text[self.position]
            if character in " \t":
                self.position += 1
            elif text.startswith("\\\n", self.position):
                if self.position and text[self.position - 1] not in " \t\n":
                    raise Opaque("a line continued inside a word or operator")
                self.position += 2
            elif character == "#":
                end = text.find("\n", self.position)
                self.position = len(text) if end < 0 else end
            else:
                return True
        return False

    def _operator(self) -> str | None:
        if self.text[self.position] not in _METACHARACTERS:
            return None
        return next(operator for operator in _OPERATORS if self.text.startswith(operator, self.position))

    def _add(self, kind: Kind, text: str, end: int) -> None:
        self.tokens.append(Token(kind, self.position, end, text))
        self.position = end

    def _at_command_start(self) -> bool:
        last = next((token for token in reversed(self.tokens) if token.kind is not Kind.REDIRECTION), None)
        return last is None or last.kind is Kind.CONTROL

    def _read_command_word(self) -> None:
        start = self.position
        text, end = self._word()
        raw = self.text[start:end]
        if end < len(self.text) and self.text[end] in "<>":
            if raw.isdigit() and raw.isascii() and len(raw) == 1:
                self._add(Kind.REDIRECTION, text, end)
                return
            if raw.isdigit() or raw.endswith("}"):
                raise Opaque("redirection of an unusual file descriptor")
        if self._at_command_start():
            if raw in ("{", "}", "!"):
                self._add(Kind.CONTROL, raw, end)
                return
            if raw in _KEYWORDS:
                raise Opaque(KEYWORD)
            if _ASSIGNMENT_WORD.match(raw):
                raise Opaque(ASSIGNMENT)
        elif raw in ("{", "}"):
            raise Opaque(BRACES)
        self._add(Kind.WORD, text, end)

    def _read_redirection(self, operator: str) -> None:
        if operator.startswith("<<"):
            raise Opaque(HERE_DOCUMENT)
        if operator not in _FILE_REDIRECTS | _DESCRIPTOR_REDIRECTS | _CLOSING_REDIRECTS:
            raise Opaque(UNPARSABLE)
        if self.text.startswith("(", self.position + 1) and operator in "<>":
            raise Opaque("process substitution")
        self._add(Kind.REDIRECTION, operator, self.position + len(operator))
        if operator in _CLOSING_REDIRECTS:
            return
        if not self._skip_blanks() or self._operator() is not None:
            raise Opaque(UNPARSABLE)
        target, end = self._word()
        plain = target in "0123456789" if operator in _DESCRIPTOR_REDIRECTS else target == "/dev/null"
        if not plain or not target:
            raise Opaque(FILE_REDIRECTION)
        self._add(Kind.REDIRECTION, target, end)

    def _word(self) -> tuple[str, int]:
        """The word that starts here, unquoted, and where it ends; does not move on."""
        text, at = self.text, self.position
        value: list[str] = []
        bare: list[str] = []  # the same length as the word means to the shell: quoted text cannot be special
        while at < len(text) and text[at] not in _METACHARACTERS:
            character = text[at]
            if character == "\\":
                value.append(_escaped(text, at))
                bare.append("q")
                at += 2
            elif character == "'":
                end = text.find("'", at + 1)
                if end < 0:
                    raise Opaque(UNPARSABLE)
                value.append(text[at + 1 : end])
                bare.append("q")
                at = end + 1
            elif character == '"':
                quoted, at = _double_quoted(text, at + 1)
                value.append(quoted)
                bare.append("q")
            else:
                _refuse_expansion(text, at, quoted=False)
                value.append(character)
                bare.append(character)
                at += 1
        _refuse_special("".join(bare))
        return "".join(value), at


def _escaped(text: str, at: int) -> str:
    """The character after the backslash at `at`."""
    if at + 1 >= len(text):
        raise Opaque("a backslash at the end of the line")
    if text[at + 1] == "\n":
        raise Opaque("a line continued inside a word or operator")
    return text[at + 1]


def _double_quoted(text: str, at: int) -> tuple[str, int]:
    """The value of a double-quoted string whose first character is at `at`, and where reading goes on."""
    value: list[str] = []
    while at < len(text):
        character = text[at]
        if character == '"':
            return "".join(value), at + 1
        if character == "\\" and text[at + 1 : at + 2] in ("$", "`", '"', "\\", "\n"):
            value.append(text[at + 1].replace("\n", ""))
            at += 2
            continue
        _refuse_expansion(text, at, quoted=True)
        value.append(character)
        at += 1
    raise Opaque(UNPARSABLE)


def _refuse_expansion(text: str, at: int, *, quoted: bool) -> None:
    """Refuse what makes the shell replace text at `at`, inside or outside of double quotes."""
    if text[at] == "`":
        raise Opaque(SUBSTITUTION)
    if text[at] != "$":
        return
    following = text[at + 1 : at + 2]
    if quoted:
        # A dollar before anything else means something in at least one shell ("$[1+1]", "$^name").
        if following and following in '" |)/,':
            return
    elif not following or following in _METACHARACTERS - {"("}:
        return
    elif following in "'\"":
        raise Opaque("ANSI-C or translated quoting")
    if text.startswith("$((", at):
        raise Opaque("arithmetic expansion")
    raise Opaque(SUBSTITUTION if following == "(" else VARIABLE)


def _refuse_special(bare: str) -> None:
    """Refuse a word whose unquoted characters (`q`: quoted ones) make the shell write another word."""
    if bare != "[" and any(character in "*?[" for character in bare):
        raise Opaque(GLOB)
    if _BRACE_EXPANSION.search(bare):
        raise Opaque(BRACES)
    if _EXPANDING_TILDE.search(bare):
        raise Opaque("a home directory whose place is unknown")
    if len(bare) > 1 and bare.startswith("="):
        raise Opaque("a word that zsh replaces by the path of a program")
