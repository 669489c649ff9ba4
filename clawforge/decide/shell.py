"""Parses a shell command line into the simple commands that it would run, or says why that cannot be known.

A line is understood only if two readings agree: tree-sitter's grammar for bash, of whose tree every node type
must be one that is known here, and the word reader of `shell_word.py`. Neither lenience of the one nor a
mistake of the other lets a command through. Nothing is run, and no value of the environment is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from clawforge.decide.shell_program import SimpleCommand, hidden_program, unwrap
from clawforge.decide.shell_word import (
    ASSIGNMENT,
    BRACES,
    GLOB,
    HERE_DOCUMENT,
    KEYWORD,
    NEWLINE,
    SUBSTITUTION,
    UNPARSABLE,
    VARIABLE,
    Kind,
    Words,
    read_words,
)

if TYPE_CHECKING:
    from tree_sitter import Language, Node

__all__ = ["MAX_BYTES", "ParsedCommand", "SimpleCommand", "parse_command"]

MAX_BYTES = 65_536
"""Longer command lines are not parsed."""
_MAX_OPERATORS = 256
"""Of one line: tree-sitter's time grows with the square of some operators."""
_MAX_UNREAD_BYTES = 4_096
"""Lines that the word reader refused are only parsed, for deny patterns, up to this length."""
_MAX_DEPTH = 4
"""How many programs inside one another are looked into."""
_MAX_INNER = 64
_LONGEST_REMEMBERED = 512
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters other than tab and newline, and lone surrogates, which no program can receive."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STRUCTURE = _names(
    "program list pipeline subshell compound_statement negated_command redirected_statement command "
    "command_name file_redirect comment"
)
_WORDS = _names("word number string raw_string concatenation file_descriptor")
_WORD_PARTS = _names('word number string string_content raw_string " $')
_TOKENS = _names("&& || | |& ; & ( ) { } ! < > >> >| &> &>> <> >& <& >&- <&-") | {"\n"}
_REASONS = {
    "command_substitution": SUBSTITUTION,
    "process_substitution": "process substitution",
    "arithmetic_expansion": "arithmetic expansion",
    "simple_expansion": VARIABLE,
    "expansion": VARIABLE,
    "variable_assignment": ASSIGNMENT,
    "variable_assignments": ASSIGNMENT,
    "declaration_command": ASSIGNMENT,
    "unset_command": ASSIGNMENT,
    "heredoc_redirect": HERE_DOCUMENT,
    "herestring_redirect": HERE_DOCUMENT,
    "brace_expression": BRACES,
    "extglob_pattern": GLOB,
    "ansi_c_string": "ANSI-C or translated quoting",
    "translated_string": "ANSI-C or translated quoting",
    "test_command": "a test in brackets",
    **dict.fromkeys(
        ("if_statement", "for_statement", "c_style_for_statement", "while_statement", "case_statement"),
        KEYWORD,
    ),
    "function_definition": KEYWORD,
    "ERROR": UNPARSABLE,
}


@dataclass(frozen=True, slots=True)
class ParsedCommand:
    """What a command line would run.

    `opaque` says in plain words what cannot be judged; empty means that `commands` is everything, in the
    order written. With reasons, `commands` is what could still be seen. `inner` are commands seen inside
    others (`sudo cat`, `sh -c 'cat'`): they serve deny patterns and never make a command allowed.
    """

    commands: tuple[SimpleCommand, ...]
    opaque: tuple[str, ...]
    inner: tuple[SimpleCommand, ...] = ()


def parse_command(command: str | Sequence[str]) -> ParsedCommand:
    """Parse the text given to a shell, or the list of words given to the system without one. Never raises."""
    if isinstance(command, str) and len(command) <= _LONGEST_REMEMBERED:
        return _remembered(command)
    return _parse(command, 0)


@lru_cache(maxsize=1024)
def _remembered(command: str) -> ParsedCommand:
    """Agents run the same short commands again and again, and several policies may judge one."""
    return _parse(command, 0)


def _parse(command: str | Sequence[str], depth: int) -> ParsedCommand:
    refusal = _refusal(command)
    if refusal is not None:
        return ParsedCommand((), (refusal,))
    if isinstance(command, str):
        seen, reasons = _parse_text(command.encode())
    else:
        words = tuple(command)
        seen, reasons = [_Seen(SimpleCommand.of(words), piped=False)], []
    return _look_inside(seen, reasons, depth)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A command, and whether what another one prints is its input."""

    command: SimpleCommand
    piped: bool


def _refusal(command: object) -> str | None:
    """Why `command`, which comes from outside, cannot even be parsed."""
    if isinstance(command, str):
        words: tuple[object, ...] = (command,)
    elif isinstance(command, Sequence) and not isinstance(command, (bytes, bytearray, memoryview)):
        words = tuple(command)
    else:
        return "a command that is neither text nor a list of words"
    size = 0
    for word in words:
        if not isinstance(word, str):
            return "a command with a word that is not text"
        if _UNPRINTABLE.search(word):
            return "control characters"
        size += len(word.encode())
    if not words or not str(words[0]).strip():
        return "an empty command"
    return f"more than {MAX_BYTES} bytes" if size > MAX_BYTES else None


def _parse_text(source: bytes) -> tuple[list[_Seen], list[str]]:
    """The commands of a shell text, and the reasons why they may not be all."""
    read = read_words(source)
    reasons = [read.opaque] if read.opaque else []
    operators = sum(token.kind is not Kind.WORD for token in read.tokens)
    unread = sum(source.count(byte) for byte in b"|&;()<>`{}\n") if read.opaque else 0
    if max(operators, unread) > _MAX_OPERATORS or (read.opaque and len(source) > _MAX_UNREAD_BYTES):
        return [], [*reasons, "too many commands or too much text to be judged"]
    tree = _Tree()
    tree.walk(source)
    reasons += tree.reasons
    if not reasons and not _agree(read, tree):
        reasons.append("shell syntax that can be read in more than one way")
    if not reasons and not tree.commands:
        reasons.append("an empty command")
    if reasons:
        return [_Seen(_best_effort(words), piped) for words, piped in tree.texts(source)], reasons
    piped_flags = [piped for _, piped in tree.commands]
    commands = [SimpleCommand.of(tuple(_text(token.text) for token in words)) for words in read.commands()]
    return [_Seen(command, piped) for command, piped in zip(commands, piped_flags, strict=True)], []


class _Tree:
    """What tree-sitter makes of a line: its commands and all its words and operators, as spans of bytes."""

    def __init__(self) -> None:
        self.commands: list[tuple[list[tuple[int, int]], bool]] = []
        self.spans: list[tuple[int, int]] = []
        self.reasons: list[str] = []

    def walk(self, source: bytes) -> None:
        """Visit every node, in the order of the text, without recursion."""
        from tree_sitter import Parser

        # Kept in a name: nodes do not keep their tree alive.
        tree = Parser(_language()).parse(source)
        root = tree.root_node
        stack: list[tuple[Node, bool, bool]] = [(root, False, False)]
        while stack:
            node, in_word, piped = stack.pop()
            self._judge(node, in_word)
            if node.type == "command":
                self.commands.append((_command_words(node), piped))
            leaf = node.type in _WORDS or not node.is_named
            if leaf and not in_word and node.end_byte > node.start_byte and node.type != "\n":
                self.spans.append((node.start_byte, node.end_byte))
            inside = in_word or node.type in _WORDS
            children = node.children
            for index in range(len(children) - 1, -1, -1):
                fed = node.type == "pipeline" and index > 0
                stack.append((children[index], inside, piped or fed))
        if root.has_error:
            self.reasons.append(UNPARSABLE)

    def texts(self, source: bytes) -> list[tuple[tuple[bytes, ...], bool]]:
        """The words of each command as they are written."""
        commands = ((tuple(source[a:b] for a, b in words if a < b), piped) for words, piped in self.commands)
        return [(words, piped) for words, piped in commands if words]

    def _judge(self, node: Node, in_word: bool) -> None:
        known = _WORD_PARTS if in_word else _STRUCTURE | _WORDS | _TOKENS
        if node.type in known:
            return
        if node.type in _REASONS:
            self.reasons.append(_REASONS[node.type])
        elif not self.reasons:
            # Parts of a construct that is refused already need no reason of their own.
            self.reasons.append("shell syntax that is not judged")


def _command_words(command: Node) -> list[tuple[int, int]]:
    """The spans of the name and arguments of a command node."""
    skipped = ("file_redirect", "heredoc_redirect", "herestring_redirect", "variable_assignment")
    return [(child.start_byte, child.end_byte) for child in command.children if child.type not in skipped]


def _agree(read: Words, tree: _Tree) -> bool:
    """Whether both readings found the same words and operators, and the same words in each command."""
    spans = [(token.start, token.end) for token in read.tokens if (token.kind, token.text) != NEWLINE]
    commands = [[(token.start, token.end) for token in words] for words in read.commands()]
    return spans == tree.spans and commands == [words for words, _ in tree.commands]


def _best_effort(words: tuple[bytes, ...]) -> SimpleCommand:
    """A command of a line that is opaque anyway: words that cannot be read stay as they are written."""
    values: list[str] = []
    for word in words:
        read = read_words(word)
        plain = read.opaque is None and len(read.tokens) == 1 and read.tokens[0].kind is Kind.WORD
        values.append(_text(read.tokens[0].text) if plain else word.decode(errors="replace"))
    return SimpleCommand.of(tuple(values))


def _text(latin: str) -> str:
    return latin.encode("latin-1").decode(errors="replace")


def _look_inside(seen: list[_Seen], reasons: list[str], depth: int) -> ParsedCommand:
    """Add what is known about the programs themselves, and the commands that they would start."""
    commands = tuple(one.command for one in seen)
    inner: list[SimpleCommand] = []
    layer = seen
    for level in range(depth, _MAX_DEPTH + 1):
        following: list[_Seen] = []
        for one in layer:
            reason = hidden_program(one.command, piped=one.piped)
            reasons += [reason] if reason else []
            inside = unwrap(one.command)
            following += [_Seen(SimpleCommand.of(words), one.piped) for words in inside.commands]
            for text in inside.texts:
                parsed = _parse(text, level + 1)
                reasons += parsed.opaque
                inner += (*parsed.commands, *parsed.inner)
        inner += [one.command for one in following]
        layer = following
        if not layer or len(inner) > _MAX_INNER:
            break
    if layer or len(inner) > _MAX_INNER:
        reasons.append("too many programs inside one another")
    return ParsedCommand(commands, tuple(dict.fromkeys(reasons)), tuple(inner))


@lru_cache(maxsize=1)
def _language() -> Language:
    from tree_sitter import Language
    from tree_sitter_bash import language

    return Language(language())
