"""The spelling of patterns: what may stand in a policy. Matching lives in `clawforge.decide`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

NAME_PATTERN_SPELLING = r"^(group:[a-z][a-z0-9_-]{0,63}|(?!group:)[A-Za-z0-9_][A-Za-z0-9_.:/@-]{0,254}\*?|\*)$"
"""Valid for Python and for ECMAScript, as the next one: the schemas quote both."""

_DOMAIN_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
DOMAIN_SPELLING = rf"^(\*\.)?({_DOMAIN_LABEL}\.)*{_DOMAIN_LABEL}$"

PATH_GLOB_SPELLING = r"^(/|~(/|$)|\$WORKSPACE(/|$)|\*\*(/|$))"
"""How every path glob begins."""

# `fullmatch`, because `$` would let a line break at the end pass.
_NAME_PATTERN = re.compile(NAME_PATTERN_SPELLING)
_DOMAIN = re.compile(DOMAIN_SPELLING)


def check_name_pattern(text: str) -> None:
    """An exact name, `group:x`, or a name with one trailing `*`. Raises ValueError."""
    if not _NAME_PATTERN.fullmatch(text):
        hint = "; a `*` may stand only at the end" if "*" in text[:-1] else ""
        raise ValueError(f"{text!r} is not a pattern: write a name, `group:name`, or `prefix*`{hint}")


def check_domain(text: str) -> None:
    """`example.com` or `*.example.com`, lower case. Raises ValueError."""
    if "/" in text or ":" in text:
        raise ValueError(f"{text!r} is not a domain: leave out scheme, port and path")
    if not _DOMAIN.fullmatch(text) or len(text) > 253:
        raise ValueError(f"{text!r} is not a domain pattern: write `example.com` or `*.example.com` in lower case")


def check_path_glob(text: str) -> None:
    """A gitignore-like glob that starts with `/`, `~/`, `$WORKSPACE/` or `**/`. Raises ValueError."""
    if text.startswith("!"):
        raise ValueError(f"{text!r}: negation is not supported in path globs")
    if not (text.startswith(("/", "~/", "$WORKSPACE/", "**/")) or text in {"~", "$WORKSPACE", "**"}):
        raise ValueError(f"{text!r} is relative: start it with /, ~/, $WORKSPACE/ or **/")
    if "\x00" in text or "\n" in text:
        raise ValueError("a path glob holds no control characters")
    if "/../" in f"{text}/" or "/./" in f"{text}/":
        raise ValueError(
            f"{text!r}: `.` and `..` do not stand in path globs; paths are resolved before they are matched"
        )


def check_command(text: str) -> None:
    """A command pattern: words, the first the program's base name. Raises ValueError."""
    from clawforge.decide.command_pattern import CommandPattern

    CommandPattern.parse(text)


def check_regex(text: str) -> None:
    """An RE2 expression that does not match the empty string. Raises ValueError."""
    from clawforge.decide.dlp.pattern import compile_pattern

    compile_pattern(text)


def _checked_regex(text: str) -> str:
    check_regex(text)
    return text


Regex = Annotated[str, StringConstraints(min_length=1, max_length=4096), AfterValidator(_checked_regex)]
"""A regular expression in RE2 syntax that does not match the empty text."""
