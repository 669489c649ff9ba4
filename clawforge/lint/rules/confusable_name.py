"""A word that is not spelt with the letters that it shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.look_alike import shows
from clawforge.resource.meta import Resource

_WORD = re.compile(r"[^\W\d_]+")
_LONGEST_WORD = 64
_LATIN = re.compile(r"[A-Za-z]")


def _check(context: LintContext) -> Iterable[Finding]:
    for resource, written in zip(context.resources, context.written, strict=True):
        if not written.isascii():
            yield from _confusables(resource)


def _confusables(resource: Resource) -> Iterator[Finding]:
    from clawforge.lint.resource_text import texts_of

    done: set[str] = set()
    for pointer, text in texts_of(resource):
        found = None if text.isascii() or pointer in done else _mixed_word(text)
        if found is None:
            continue
        done.add(pointer)
        character, letter, plain = found
        name = unicodedata.name(character, "a letter without a name").lower()
        yield Finding(
            "confusable-name",
            resource.address,
            pointer,
            f"A word here looks like `{plain}`, but its `{letter}` is U+{ord(character):04X} ({name}).",
            f"Write it with the Latin letter: `{plain}`.",
            Severity.WARNING,
        )


def _mixed_word(text: str) -> tuple[str, str, str] | None:
    """The foreign character of the first mixed word, the Latin letter that it shows, and the word in Latin letters."""
    for match in _WORD.finditer(text):
        word = match[0][:_LONGEST_WORD]
        if word.isascii() or not _LATIN.search(word):
            continue
        plain = "".join(shows(character) or character for character in word)
        # A word that keeps letters of the other script mixes openly, such as an abbreviation with a Russian ending.
        if plain != word and all(map(_is_latin, plain)):
            return next((foreign, letter, plain) for foreign in word if (letter := shows(foreign)))
    return None


def _is_latin(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith("LATIN")


RULE = Rule(
    id="confusable-name",
    name="Words should not mix look-alike letters",
    severity=Severity.WARNING,
    what="Words in labels, annotations, descriptions, messages and other texts that mix Latin letters with Cyrillic, "
    "Greek, Armenian, full-width or mathematical ones that look the same. Words of one script are fine.",
    why="Reviewers see one word and programs compare another: a filter on the label misses it, and a name can pass for "
    "somebody else's.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example, displayName: "\\u0410lice"}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example, displayName: Alice Novák}
""",
    check=_check,
)
