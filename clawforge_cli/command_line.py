"""The command line as it was typed, made into the one that is parsed: what hands that know Terraform expect.

`-chdir=DIR` before the command changes the directory, long options may have one dash, and the variables
`CLAWFORGE_CLI_ARGS` and `CLAWFORGE_CLI_ARGS_<command>` hold arguments that stand behind the name of the command.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from clawforge.errors import InputError

VARIABLE = "CLAWFORGE_CLI_ARGS"
"""Arguments for every command; with `_plan` behind it for that command alone."""

_CHDIR = ("-chdir", "--chdir")
_LONG_OPTIONS = frozenset(
    (
        *("out", "target", "exclude", "detailed-exitcode", "auto-approve", "lock-timeout"),
        *("offline", "detail", "format", "server", "org", "help", "version"),
    )
)
_ONE_DASH = re.compile(r"-([a-z][a-z-]+)(=.*)?", re.DOTALL)


def expanded(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The arguments to parse. Changes the directory for `-chdir`. Raises InputError."""
    rest = list(arguments)
    while rest and (rest[0] in _CHDIR or rest[0].startswith(tuple(f"{name}=" for name in _CHDIR))):
        rest = _moved(rest)
    if not rest or rest[0].startswith("-"):
        return [_long(word) for word in rest]
    command = rest[0]
    own = [*_of_variable(VARIABLE, environment), *_of_variable(f"{VARIABLE}_{command.replace('-', '_')}", environment)]
    return [command, *_with_long_options([*own, *rest[1:]])]


def _moved(arguments: list[str]) -> list[str]:
    _, equals, directory = arguments[0].partition("=")
    rest = arguments[1:]
    if not equals:
        directory, rest = (rest[0], rest[1:]) if rest else ("", rest)
    try:
        os.chdir(directory)
    except OSError as error:
        raise InputError(
            f"-chdir: {directory!r} cannot be entered: {error.strerror}.", hint="Write it as -chdir=DIR."
        ) from error
    return rest


def _of_variable(name: str, environment: Mapping[str, str]) -> list[str]:
    try:
        return shlex.split(environment.get(name, ""))
    except ValueError as error:
        raise InputError(f"{name} is no command line: {error}.", hint="Check its quotes.") from error


def _with_long_options(arguments: Sequence[str]) -> Iterator[str]:
    for index, word in enumerate(arguments):
        if word == "--":
            yield from arguments[index:]
            return
        yield _long(word)


def _long(word: str) -> str:
    match = _ONE_DASH.fullmatch(word)
    return f"-{word}" if match is not None and match[1] in _LONG_OPTIONS else word
