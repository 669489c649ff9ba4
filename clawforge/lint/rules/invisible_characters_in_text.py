"""Characters that nobody sees in a review."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.meta import Resource

# Zero-width and joining characters, directional marks, overrides and isolates, fillers, selectors, and tags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Joined letters of Persian and Indic scripts, joined emoji, and the selector that makes a sign colourful.
_JOINERS = "\u200c\u200d"
_SELECTORS = "\ufe0e\ufe0f"
_KEYCAPS = "0123456789#*"
# England, Scotland and Wales are a black flag followed by letters in tags and an end.
_TAG_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f")


def _check(context: LintContext) -> Iterable[Finding]:
    for resource, written in zip(context.resources, context.written, strict=True):
        if not written.isascii():
            yield from _invisible(resource)


def _invisible(resource: Resource) -> Iterator[Finding]:
    from clawforge.lint.resource_text import texts_of

    done: set[str] = set()
    for pointer, text in texts_of(resource):
        found = [] if text.isascii() or pointer in done else list(_hidden(text))
        if not found:
            continue
        done.add(pointer)
        name = unicodedata.name(found[0], "a character without a name").lower()
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield Finding(
            "invisible-characters-in-text",
            resource.address,
            pointer,
            f"This text holds a character that cannot be seen: U+{ord(found[0]):04X} ({name}){more}.",
            "Type the text anew, without copying it.",
            Severity.WARNING,
        )


def _hidden(text: str) -> Iterator[str]:
    """The invisible characters, without those that a script or an emoji needs where they stand."""
    plain = _TAG_FLAG.sub("\U0001f3f4", text)
    for match in _INVISIBLE.finditer(plain):
        character, at = match[0], match.start()
        before = plain[at - 1] if at else " "
        after = plain[at + 1] if at + 1 < len(plain) else " "
        if character in _JOINERS and _can_join(before) and _can_join(after):
            continue
        if character in _SELECTORS and (before in _KEYCAPS or unicodedata.category(before) in ("So", "Sm", "Po")):
            continue
        yield character


def _can_join(character: str) -> bool:
    """Letters and marks of other scripts, signs, and the selector after a sign."""
    return not character.isascii() and (unicodedata.category(character)[0] in "LM" or _is_sign(character))


def _is_sign(character: str) -> bool:
    return unicodedata.category(character) in ("So", "Sk")


RULE = Rule(
    id="invisible-characters-in-text",
    name="Texts should hold nothing invisible",
    severity=Severity.WARNING,
    what="Zero-width characters, directional overrides and marks, fillers and tag characters in any text of a "
    "resource. Joiners inside of scripts and emoji that need them are fine.",
    why="What a reviewer cannot see can reorder a line, hide instructions to an assistant, or make two names differ "
    "that look the same.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, message: "Ask\\u200b security."}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec: {appliesTo: everyone, message: Ask security. ❤️}
""",
    check=_check,
)
