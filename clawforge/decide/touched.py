"""What the parameters of a call touch: files, addresses, commands. Reads by name and by value, and rather too
much.

Hosts spell one thing in many ways (`path`, `file_path`, `filePath`, `files[]`), and a spelling that is missed
would be a way around every rule, so a name only has to speak of a file or an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clawforge.decide.facets import Facets
from clawforge.decide.patch_paths import patch_paths

_MOST_VALUES = 5_000
_MOST_LEVELS = 32


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PATH_PARTS = ("path", "file", "dir", "cwd", "folder")
_NOT_PATHS = _names(
    "profile profiles filetext filecontent filecontents filedata filetype filesize redirect redirects "
    "maxredirects followredirects direction directions filemode fileencoding"
)
_CONTENT = _names("content contents text data body oldtext newtext oldstring newstring mode encoding type")
_PROSE = _CONTENT | _names("message prompt caption query description instructions note task title subject reason")
_PATH_WORDS = _names(
    "path paths file files filename filenames filepath filepaths dir dirs directory directories folder folders cwd "
    "workdir"
)
_ENDS = _names("source src destination dst dest target from to root location")
_URL_PARTS = ("url", "uri", "href", "link", "endpoint")
_NOT_URLS = frozenset(["curl", "unlink", "symlink", "symlinks"])
_URL_WORDS = frozenset(["url", "urls", "uri", "uris", "href", "endpoint", "endpoints"])
_SCHEME = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+://|(?:https?|wss?|ftp|file|data|blob|javascript):)", re.IGNORECASE)
_NEVER_A_PATH = re.compile(r"\s*(?:(?:https?|wss?|ftp)://|(?:data|blob):)", re.IGNORECASE)
_WHOLE_URL = re.compile(r"\s*(?:https?|wss?|ftp|file):[/\\]*\S+\s*\Z", re.IGNORECASE)
_FILE_SCHEME = re.compile(r"\s*file:", re.IGNORECASE)
_PLACED = re.compile(r"\s*@?(?:[/~\\]|\.\.?(?:[/\\]|\Z)|\$[A-Z{]|[A-Za-z]:[/\\]|file:)", re.IGNORECASE)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Touched:
    """Texts as they stand in the call. `hidden_path` and `hidden_url`: something is touched that cannot be
    seen."""

    paths: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    hidden_path: bool = False
    hidden_url: bool = False


NOTHING_TOUCHED = Touched()


@dataclass(frozen=True, slots=True)
class _Value:
    """A string, its nearest name without case and separators, and whether that or a name above speaks of
    files."""

    key: str
    raw_key: str
    below_path: bool
    text: str


def touched(params: Mapping[str, Any], facets: Facets) -> Touched:
    """What a call touches, as far as its tool's facets say that it touches anything."""
    if facets.paths is None and not facets.urls:
        return NOTHING_TOUCHED
    paths: dict[str, None] = {}
    urls: dict[str, None] = {}
    hidden = blind = False
    for value in _strings(params, facets):
        if value is None:
            blind = True
            continue
        address = facets.urls and _is_url(value, facets)
        if address:
            urls[value.text] = None
        if _FILE_SCHEME.match(value.text) and (address or _is_path(value, facets)):
            paths[value.text] = None
        elif facets.paths is not None and not (address and _NEVER_A_PATH.match(value.text)):
            if _is_path(value, facets):
                paths[value.text] = None
            elif facets.patch:
                in_patch = patch_paths(value.text)
                hidden |= in_patch is None
                paths.update(dict.fromkeys(in_patch or ()))
    if facets.path_default and not paths:
        paths["."] = None
    hidden |= blind or (facets.path_needed and not paths)
    lost = blind or (facets.url_needed and not urls)
    return Touched(tuple(paths), tuple(urls), hidden and facets.paths is not None, lost and facets.urls)


def _is_path(value: _Value, facets: Facets) -> bool:
    if value.key in facets.path_keys:
        return True
    if facets.guessed:
        words = {word.lower() for word in _WORD.findall(value.raw_key)}
        if not words.isdisjoint(_PATH_WORDS) or (value.below_path and value.key not in _CONTENT):
            return True
        return not words.isdisjoint(_ENDS) and _PLACED.match(value.text) is not None
    return value.below_path and value.key not in _CONTENT


def _is_url(value: _Value, facets: Facets) -> bool:
    if facets.guessed:
        words = {word.lower() for word in _WORD.findall(value.raw_key)}
        whole = value.key not in _PROSE and _WHOLE_URL.match(value.text) is not None
        return whole or not words.isdisjoint(_URL_WORDS)
    speaks = value.key not in _NOT_URLS and any(part in value.key for part in _URL_PARTS)
    return speaks or (value.key not in _PROSE and _SCHEME.match(value.text) is not None)


def _strings(params: Mapping[str, Any], facets: Facets) -> Iterator[_Value | None]:
    """Every string of the parameters; None where there is more than is looked at."""
    waiting: list[tuple[str, str, bool, Any, int]] = [("", "", False, params, 0)]
    seen = 0
    while waiting:
        key, raw, below, value, level = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES or level > _MOST_LEVELS:
            yield None
            return
        if isinstance(value, str):
            yield _Value(key, raw, below, value)
        elif isinstance(value, Mapping):
            for name, member in value.items():
                plain = plain_key(name)
                speaks = _speaks_of_files(plain, str(name), facets)
                waiting.append((plain, str(name), below or speaks, member, level + 1))
        elif isinstance(value, list | tuple):
            waiting.extend((key, raw, below, item, level + 1) for item in value)


def _speaks_of_files(plain: str, raw: str, facets: Facets) -> bool:
    if facets.guessed:
        return any(word.lower() in _PATH_WORDS for word in _WORD.findall(raw))
    return plain in facets.path_keys or (plain not in _NOT_PATHS and any(part in plain for part in _PATH_PARTS))


def plain_key(name: object) -> str:
    """The name of a parameter without case and separators: `filePath`, `file_path` and `file-path` are
    one."""
    return str(name).lower().replace("_", "").replace("-", "")


_COMMAND_KEYS = frozenset(["command", "cmd", "script", "commandline", "code"])
_COMMAND_CHANGERS = {
    "args": "separate arguments",
    "arguments": "separate arguments",
    "argv": "separate arguments",
    "commands": "several commands",
    "stdin": "text for its standard input",
    "input": "text for its standard input",
    "env": "variables of its own",
    "environment": "variables of its own",
    "shell": "a shell of its own",
    "interpreter": "an interpreter of its own",
}


@dataclass(frozen=True, slots=True)
class CommandText:
    """The command of a call, text for a shell or a list of words; `opaque` says in plain words why it cannot
    be judged by that alone, empty if it can."""

    commands: tuple[str | tuple[str, ...], ...]
    opaque: tuple[str, ...]


def command_text(params: Mapping[str, Any]) -> CommandText:
    """Read the command of a call to a tool that runs commands."""
    commands: list[str | tuple[str, ...]] = []
    opaque: list[str] = []
    for name, value in params.items():
        key = plain_key(name)
        if key in _COMMAND_KEYS:
            if isinstance(value, str):
                commands.append(value)
            elif isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
                commands.append(tuple(value))
            else:
                opaque.append("the command is not text")
        elif key in _COMMAND_CHANGERS and value:
            opaque.append(f"the call gives {_COMMAND_CHANGERS[key]}")
    if not commands and not opaque:
        opaque.append("the call names no command")
    return CommandText(tuple(commands), tuple(opaque))


def runs_code(params: Mapping[str, Any], facets: Facets) -> bool:
    """Whether a call makes the tool run code that nobody can judge."""
    code = facets.code
    if code is None:
        return False
    if code.keys:
        return _has_key(params, frozenset(plain_key(key) for key in code.keys))
    safe = {plain_key(key): values for key, values in code.safe.items()}
    given = [(safe[plain_key(name)], value) for name, value in params.items() if plain_key(name) in safe]
    return not given or any(value not in values for values, value in given)


def _has_key(params: Mapping[str, Any], wanted: frozenset[str]) -> bool:
    waiting: list[tuple[Any, int]] = [(params, 0)]
    seen = 0
    while waiting:
        value, level = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES or level > _MOST_LEVELS:
            return True
        if isinstance(value, Mapping):
            if any(plain_key(name) in wanted for name in value):
                return True
            waiting.extend((member, level + 1) for member in value.values())
        elif isinstance(value, list | tuple):
            waiting.extend((item, level + 1) for item in value)
    return False
