"""What to do about each thing that the composer refuses, by the code of its diagnostic."""

from __future__ import annotations

from typing import Final

HINTS: Final[dict[str, str]] = {
    "yaml-alias": "Put a pattern that begins with '*' in quotes; write out a value that is used twice.",
    "yaml-anchor": "Put a text that begins with '&' in quotes; write out a value that is used twice.",
    "yaml-binary": "Leave it out with `exclude` if it holds no resources.",
    "yaml-complex-key": "Write a string as the key.",
    "yaml-control-character": "Remove it.",
    "yaml-directive": "Remove the line, or write `%YAML 1.2`.",
    "yaml-duplicate-key": "Remove one of them, or merge their values.",
    "yaml-integer-range": "Write a smaller number, or put an identifier in quotes.",
    "yaml-key-not-string": "Put the key in quotes.",
    "yaml-line-separator": 'End lines with a line feed; in a value write an escape in double quotes: "\\r".',
    "yaml-merge-key": "Write the keys out; quote it if it is a name.",
    "yaml-not-utf8": "Save the file as UTF-8.",
    "yaml-number-not-finite": "Write a smaller number, or put a text in quotes.",
    "yaml-question-mark": "Put a text that begins with '?' in quotes.",
    "yaml-scalar-too-long": "Shorten it.",
    "yaml-tab": "Use spaces, or put a text that contains a tab in quotes.",
    "yaml-tag": "Put a text that begins with '!' in quotes; fields have fixed types and need no tag.",
    "yaml-too-deep": "No resource is so deep: check the brackets.",
    "yaml-too-large": "Split it into several files, or leave it out with `exclude` if it holds no resources.",
    "yaml-too-many-documents": "Split it into several files.",
    "yaml-too-many-nodes": "Split it into several files.",
    "yaml-too-many-problems": "Mend the first ones and read it again.",
}
