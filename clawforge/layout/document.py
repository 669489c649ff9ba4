"""Formatting one file: it says the same afterwards and keeps every comment, or it stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.layout.order import is_ours, order_keys
from clawforge.layout.reader import LongKeyError, UnplacedCommentError, read_layout
from clawforge.layout.remark import remark_targets
from clawforge.layout.source import Source
from clawforge.layout.writer import write_layout
from clawforge.load.limits import DEFAULT_LIMITS
from clawforge.load.source_text import read_text
from clawforge.load.yaml import compose

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue
    from clawforge.load.document import Document

FOREIGN = "foreign-file"
"""Code of the warning about a file that is not for clawforge."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """What became of a file. If there are diagnostics, `text` is what it was before."""

    text: bytes
    changed: bool
    diagnostics: tuple[Diagnostic, ...] = ()


def format_text(text: bytes, file: str) -> Formatted:
    """Format one file; `file` is the path that diagnostics carry. Bad input never raises.

    A file with errors of syntax, or that uses what clawforge does not read, is answered unchanged with its diagnostics.
    So is one whose formatted text would not hold the same values, document by document, and the same comments, or in
    which a comment to this program would act on something else.
    """
    documents, errors = _composed(text, file)
    return Formatted(text, False, errors) if errors else _formatted(text, file, documents)


def format_resources(text: bytes, file: str) -> Formatted:
    """Format one file as `format_text` does, if it is for clawforge. A file of another program stays as it is, with a
    warning; one that holds nothing but comments could be anybody's, and is formatted.
    """
    documents, errors = _composed(text, file)
    if errors:
        return Formatted(text, False, errors)
    if documents and not any(is_ours(document.value) for document in documents):
        hint = "It is left as it is. If it is for clawforge, begin it with `apiVersion: clawforge/v1`."
        message = "This file holds no resource of clawforge."
        return Formatted(text, False, (Diagnostic(FOREIGN, message, Location(file, 1, 1), hint, Severity.WARNING),))
    return _formatted(text, file, documents)


def _composed(text: bytes, file: str) -> tuple[list[Document], tuple[Diagnostic, ...]]:
    documents, problems = compose(text, file=file)
    return documents, tuple(problem for problem in problems if problem.severity is Severity.ERROR)


def _formatted(text: bytes, file: str, documents: list[Document]) -> Formatted:
    source = _source(text, file)
    try:
        formatted = _laid_out(source)
    except LongKeyError as error:
        return _refused(text, "A key over several lines cannot be formatted.", Location(file, error.line, 1))
    except UnplacedCommentError as error:
        return _refused(text, "This comment stands where it cannot be kept.", Location(file, error.line, 1))
    data = formatted.encode()
    after, _ = compose(data, file=file)
    if not _all_same(documents, after) or _comments(source) != _comments(formatted):
        return _refused(text, "Formatting would change what this file says or lose a comment.", Location(file, 1, 1))
    if remark_targets(source, documents) != remark_targets(formatted, after):
        message = "Formatting would change what a comment to clawforge acts on."
        return _refused(text, message, Location(file, 1, 1))
    return Formatted(data, data != text)


def _source(text: bytes, file: str) -> str:
    """The text with line feeds alone; YAML reads both kinds of line ends alike."""
    source, _ = read_text(text, file=file, limits=DEFAULT_LIMITS)
    return "" if source is None else source.replace("\r\n", "\n")


def _laid_out(source: str) -> str:
    sections = read_layout(source)
    for section in sections:
        if section.root is not None:
            order_keys(section.root)
    return write_layout(sections)


def _comments(text: str) -> list[str]:
    return Source(text).trivia().comments()


def _refused(text: bytes, message: str, location: Location) -> Formatted:
    hint = "The file is left as it is: write this part in a plainer way."
    return Formatted(text, False, (Diagnostic("not-formatted", message, location, hint),))


def _all_same(before: Sequence[Document], after: Sequence[Document]) -> bool:
    """A document with an error is missing among those after."""
    return len(before) == len(after) and all(
        map(_same, (item.value for item in before), (item.value for item in after))
    )


def _same(left: JsonValue, right: JsonValue) -> bool:
    """Equal, where 1, 1.0 and true differ and the order of keys does not count."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return left == right
