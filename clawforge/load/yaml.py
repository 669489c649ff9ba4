"""YAML text to documents: a strict composer over libyaml's events. The only reader that knows a YAML library.

It reads YAML 1.2 with the core schema and refuses what would let two readers see two things in one text:
duplicate keys, anchors, aliases, merge keys, tags, keys that are not strings, directives other than
`%YAML 1.2`, numbers without an exact JSON form, and characters that do not print. What remains is the data
model of JSON.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from clawforge.diagnostic import Diagnostic
from clawforge.errors import ClawforgeError
from clawforge.load.document import Document, pack, unpack
from clawforge.load.limits import DEFAULT_LIMITS, Limits
from clawforge.load.pointer import PointerTree
from clawforge.load.problem_list import ProblemList, StopReadingError, shown
from clawforge.load.scalar import IntegerRangeError, NotFiniteError, resolve_plain
from clawforge.load.source_text import character_name, read_text, size_problem
from clawforge.load.syntax import syntax_problem

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue

__all__ = [
    "DEFAULT_LIMITS", "Document", "Limits", "PointerTree", "compose", "event_parser", "pack", "size_problem", "unpack",
]  # fmt: skip

# An event of PyYAML, whose stubs say that its marks may be None; libyaml always sets them.
_Event: TypeAlias = Any
_Container: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | None"

# C0 but for tab, line feed and carriage return, then DEL and C1: only an escape in double quotes makes one.
_ESCAPED_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# YAML 1.2 takes such a `?` for the first character of a word; inside brackets libyaml does not.
_TIGHT_QUESTION_MARK = re.compile(r"(?:^|[\s,\[{])\?(?!\s)")


def compose(
    data: bytes, *, file: str, limits: Limits = DEFAULT_LIMITS, pointers: PointerTree | None = None
) -> tuple[list[Document], list[Diagnostic]]:
    """The documents of one file, in order, and everything that is wrong with it.

    `file` is the project-relative posix path that locations carry. A document with an error is left out and
    the ones after it are still read, except after an error of syntax or a limit, where reading stops. Empty
    documents are left out silently. Bad input never raises. Callers that read many files pass the same
    `pointers` to all of them, so that documents share the strings of their positions.
    """
    text, problems = read_text(data, file=file, limits=limits)
    if text is None:
        return [], problems
    composer = _Composer(text, file, limits, PointerTree() if pointers is None else pointers)
    composer.run()
    problems += composer.problems
    problems.sort(key=lambda problem: problem.sort_key)
    return composer.documents, problems


def event_parser(text: str) -> Any:
    """libyaml's parser over a text that `read_text` passed: `get_event` answers the next event, in the end None.

    For those who need to know how something was written and not only what it says; what it says is for `compose`.
    """
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the stubs do not re-export it
    except ImportError as error:
        raise ClawforgeError(
            "PyYAML was installed without libyaml, which reads the files.",
            hint="Reinstall PyYAML from a binary wheel.",
        ) from error
    return CParser(text)


class _Composer:
    """Builds values from events with an explicit stack: the depth of the input is never ours.

    `_container` is the open mapping or sequence (None around the document's root), `_key` the key whose
    value comes next, `_node` the pointer of the container and `_child` that of the pending key.
    """

    __slots__ = (
        "_broken", "_careful", "_child", "_container", "_empty", "_file", "_key", "_limits", "_lines",
        "_node", "_nodes", "_opened", "_pointers", "_positions", "_problems", "_root", "_stack", "_text",
        "_values", "documents",
    )  # fmt: skip

    def __init__(self, text: str, file: str, limits: Limits, pointers: PointerTree) -> None:
        self._text = text
        self._file = file
        self._limits = limits
        self._pointers = pointers
        self._nodes = 0
        self._opened = 0
        # Most texts can hold nothing that _check_scalar looks for.
        self._careful = "\\" in text or "\t" in text or len(text) > limits.max_scalar
        self._lines = text.split("\n") if _TIGHT_QUESTION_MARK.search(text) else []
        self.documents: list[Document] = []
        self._problems = ProblemList(file, limits.max_problems)
        self._reset()

    def _reset(self) -> None:
        self._stack: list[tuple[_Container, PointerTree, str | None]] = []
        self._container: _Container = None
        self._key: str | None = None
        self._node = self._child = self._pointers
        self._positions: dict[str, int] = {}
        self._values: array[int] = array("Q")
        self._root: JsonValue = None
        self._empty = self._broken = False

    @property
    def problems(self) -> list[Diagnostic]:
        """What is wrong with the documents read so far, each at the place where it was found."""
        return self._problems.found

    def run(self) -> None:
        """Read to the end of the text, to its first error of syntax, or to the first limit."""
        from yaml import YAMLError, events

        handlers: dict[type, Callable[[_Event], None]] = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: self._start_mapping,
            events.SequenceStartEvent: self._start_sequence,
            events.MappingEndEvent: self._end,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
            events.DocumentStartEvent: self._start_document,
            events.DocumentEndEvent: self._end_document,
            events.StreamStartEvent: self._ignore,
            events.StreamEndEvent: self._ignore,
        }
        try:
            next_event = event_parser(self._text).get_event
            while (event := next_event()) is not None:
                handlers[event.__class__](event)
        except StopReadingError:
            return
        except YAMLError as error:
            self._problems.found.append(self._syntax_problem(error))

    def _ignore(self, event: _Event) -> None:
        """The ends of the stream say nothing."""

    def _start_document(self, event: _Event) -> None:
        self._reset()
        self._opened += 1
        if self._opened > self._limits.max_documents:
            message = f"More than {self._limits.max_documents:,} documents in one file."
            self._problems.stop("yaml-too-many-documents", message, event.start_mark)
        if event.version not in (None, (1, 2)) or event.tags:
            self._report("yaml-directive", "Only YAML 1.2 without tags is read.", event)

    def _end_document(self, event: _Event) -> None:
        if self._broken or self._empty:
            return
        line, col = unpack(self._positions[""])
        self.documents.append(Document(self._file, self._root, line, col, self._positions, self._values))

    def _scalar(self, event: _Event) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if self._careful:
            self._check_scalar(event)
        if self._key is None and self._container.__class__ is dict:
            self._read_key(event)
            return
        if event.style:
            self._place(event.value, event)
            return
        self._empty = self._container is None and not event.value
        self._place(self._resolve(event), event)

    def _resolve(self, event: _Event) -> str | int | float | bool | None:
        text: str = event.value
        try:
            return resolve_plain(text)
        except NotFiniteError:
            self._report("yaml-number-not-finite", f"{shown(text)} is not a finite number.", event)
        except IntegerRangeError:
            message = f"The integer {shown(text)} is beyond 2^53-1, which not every reader can hold."
            self._report("yaml-integer-range", message, event)
        return None

    def _read_key(self, event: _Event) -> None:
        key: str = event.value
        mark = event.start_mark
        if not event.style:
            self._check_plain_key(event)
        if self._lines and mark.column and self._lines[mark.line][mark.column - 1] == "?":
            self._report("yaml-question-mark", "This '?' stands directly before a key.", event)
        child = self._node.children.get(key)
        if child is None:
            child = self._node.grow(key)
        if child.text in self._positions:
            line, col = unpack(self._positions[child.text])
            message = f"The key {shown(key)} is already in this mapping, on line {line}, column {col}."
            self._report("yaml-duplicate-key", message, event)
            self._stand_in_for_key(event)
            return
        self._positions[child.text] = pack(mark.line + 1, mark.column + 1)
        self._key = child.name
        self._child = child

    def _check_plain_key(self, event: _Event) -> None:
        key: str = event.value
        if key == "<<":
            self._report("yaml-merge-key", "The merge key `<<` is not allowed.", event)
            return
        try:
            if isinstance(resolve_plain(key), str):
                return
        except (NotFiniteError, IntegerRangeError):
            pass  # A number all the same, so no string.
        message = f"The key {shown(key)} is not a string." if key else "There is no key before this ':'."
        self._report("yaml-key-not-string", message, event)

    def _place(self, value: JsonValue, event: _Event) -> PointerTree:
        """Put a value where it belongs and note its position. Answers its pointer."""
        self._nodes += 1
        if self._nodes > self._limits.max_nodes:
            message = f"More than {self._limits.max_nodes:,} values in one file."
            self._problems.stop("yaml-too-many-nodes", message, event.start_mark)
        mark = event.start_mark
        position = pack(mark.line + 1, mark.column + 1)
        self._values.append(position)
        container = self._container
        if isinstance(container, dict):
            container[self._key] = value  # type: ignore[index]  # a key is read before its value
            self._key = None
            return self._child
        if container is None:
            self._root = value
            child = self._node
        else:
            index = len(container)
            child = self._node.children.get(index) or self._node.grow(index)
            container.append(value)
        self._positions[child.text] = position
        return child

    def _start_mapping(self, event: _Event) -> None:
        self._start({}, event)

    def _start_sequence(self, event: _Event) -> None:
        self._start([], event)

    def _start(self, container: _Container, event: _Event) -> None:
        if event.anchor is not None or event.tag is not None:
            self._refuse_properties(event)
        if len(self._stack) >= self._limits.max_depth:
            message = f"More than {self._limits.max_depth} mappings and lists inside one another."
            self._problems.stop("yaml-too-deep", message, event.start_mark)
        key_after = None
        if self._key is None and self._container.__class__ is dict:
            self._report("yaml-complex-key", "A mapping or a list cannot be a key.", event)
            self._stand_in_for_key(event)
            key_after = self._key
        frame = (self._container, self._node, key_after)
        self._node = self._place(container, event)
        self._stack.append(frame)
        self._container = container

    def _end(self, event: _Event) -> None:
        self._container, self._node, self._key = self._stack.pop()

    def _alias(self, event: _Event) -> None:
        self._report("yaml-alias", f"The alias {shown('*' + event.anchor)} is not allowed.", event)
        if self._key is None and self._container.__class__ is dict:
            self._stand_in_for_key(event)
        else:
            self._place(None, event)

    def _stand_in_for_key(self, event: _Event) -> None:
        """Go on behind a key that is refused, under a pointer that no other part of the document has."""
        mark = event.start_mark
        self._key = ""
        self._child = PointerTree(text=f"{mark.line}:{mark.column}")

    def _refuse_properties(self, event: _Event) -> None:
        if event.anchor is not None:
            self._report("yaml-anchor", f"The anchor {shown('&' + event.anchor)} is not allowed.", event)
        if event.tag is not None:
            self._report("yaml-tag", f"The tag {shown(event.tag)} is not allowed.", event)

    def _check_scalar(self, event: _Event) -> None:
        text: str = event.value
        if len(text) > self._limits.max_scalar:
            message = f"A text of {len(text):,} characters; at most {self._limits.max_scalar:,} are read."
            self._report("yaml-scalar-too-long", message, event)
        if not event.style and "\t" in text:
            self._report("yaml-tab", "There is a tab inside of this unquoted text.", event)
        if event.style == '"' and (match := _ESCAPED_CONTROL.search(text)):
            message = f"An escape in this text makes the control character {character_name(match.group())}."
            self._report("yaml-control-character", message, event)

    def _syntax_problem(self, error: Exception) -> Diagnostic:
        since = getattr(error, "context_mark", None)
        at = getattr(error, "problem_mark", None) or since
        return syntax_problem(
            problem=getattr(error, "problem", None) or "",
            context=getattr(error, "context", None) or "",
            at=(at.line + 1, at.column + 1) if at else (1, 1),
            since=(since.line + 1, since.column + 1) if since else None,
            text=self._text,
            file=self._file,
        )

    def _report(self, code: str, message: str, event: _Event) -> None:
        self._broken = True
        self._problems.report(code, message, event.start_mark)
