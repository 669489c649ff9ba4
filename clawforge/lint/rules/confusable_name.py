"""A word that is not spelt with the letters that it shows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.meta import Resource

# Look-alikes of Latin letters in scripts that people write, after Unicode Technical Standard 39 (confusables).
_CYRILLIC = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u051b\u051d\u04cf"
        "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405",
        "aeopcyxijsdhqwlABEKMHOPCTYXIJS",
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        "ovABEZHIKMNOPTYX",
        strict=True,
    )
)
_ARMENIAN = dict(zip("\u0585\u057d\u0570", "ouh", strict=True))
_LOOK_ALIKES = _CYRILLIC | _GREEK | _ARMENIAN
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST_WORD = 64
_LATIN = re.compile(r"[A-Za-z]")
_STYLED = ("FULLWIDTH LATIN", "MATHEMATICAL")


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
        plain = "".join(_shows(character) or character for character in word)
        # A word that keeps letters of the other script mixes openly, such as an abbreviation with a Russian ending.
        if plain != word and all(map(_is_latin, plain)):
            return next((foreign, letter, plain) for foreign in word if (letter := _shows(foreign)))
    return None


def _is_latin(character: str) -> bool:
    return character.isascii() or unicodedata.name(character, "").startswith("LATIN")


def _shows(character: str) -> str | None:
    """The Latin letter that a character of another script looks like."""
    if character.isascii():
        return None
    known = _LOOK_ALIKES.get(character)
    if known is None and unicodedata.name(character, "").startswith(_STYLED):
        plain = unicodedata.normalize("NFKC", character)
        known = plain if len(plain) == 1 and plain.isascii() and plain.isalpha() else None
    return known


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
