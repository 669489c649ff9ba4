"""Characters that pass for a Latin letter, and characters that nobody sees."""

from __future__ import annotations

import unicodedata

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
_STYLED = ("FULLWIDTH LATIN", "MATHEMATICAL")
_UNSEEN = frozenset({"Cf", "Zl", "Zp"})


def shows(character: str) -> str | None:
    """The Latin letter that a character of another script looks like."""
    if character.isascii():
        return None
    known = _LOOK_ALIKES.get(character)
    if known is None and unicodedata.name(character, "").startswith(_STYLED):
        plain = unicodedata.normalize("NFKC", character)
        known = plain if len(plain) == 1 and plain.isascii() and plain.isalpha() else None
    return known


def disguise(text: str) -> tuple[str, str] | None:
    """What is wrong with the first character that is not what it shows, in words that follow a colon, and the text as
    it looks; None if there is no such character.
    """
    if text.isascii():
        return None
    for at, character in enumerate(text, start=1):
        letter, unseen = shows(character), unicodedata.category(character) in _UNSEEN
        if letter is None and not unseen:
            continue
        looks = "cannot be seen" if letter is None else f"looks like `{letter}`"
        name = unicodedata.name(character, "a character without a name")
        plain = "".join(shows(item) or item for item in text if unicodedata.category(item) not in _UNSEEN)
        return f"character {at} is U+{ord(character):04X} ({name}), which {looks}", plain
    return None
