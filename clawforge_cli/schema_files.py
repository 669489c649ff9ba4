"""Generated schemas as files: which there are, and which differ from what is on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

EDITOR_SCHEMA = ".vscode/clawforge.schema.json"
EDITOR_SETTINGS = ".vscode/settings.json"

_SETTINGS = """\
{
  "yaml.schemas": {
    "./%s": %s
  }
}
"""


def every_schema() -> dict[str, str]:
    """Text by file name of every published schema."""
    from clawforge.schema import schemas

    return {name: _text(document) for name, document in schemas().items()}


def editor_files(include: Sequence[str] | None) -> dict[str, str]:
    """Text by path of what an editor needs for a project that takes in these globs, or all YAML files if None."""
    from clawforge.schema import combined_schema

    return {EDITOR_SCHEMA: _text(combined_schema()), EDITOR_SETTINGS: editor_settings(include)}


def editor_settings(include: Sequence[str] | None) -> str:
    """What makes VS Code use the schema for the files of a project."""
    import orjson

    globs = ["*.yaml", "*.yml"] if include is None else ["clawforge.yaml", *_below(include)]
    return _SETTINGS % (EDITOR_SCHEMA, orjson.dumps(globs).decode().replace(",", ", "))


def stale_files(folder: Path, texts: Mapping[str, str]) -> dict[str, str]:
    """Those that are missing or differ. Settings of an editor are the reader's own once they exist."""
    return {name: text for name, text in texts.items() if not _is_good(folder, name, text)}


def write_files(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the files, and make the folders that they need."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def settings_lack_schema(folder: Path) -> bool:
    """Whether the settings do not so much as name the schema."""
    return Path(EDITOR_SCHEMA).name.encode() not in (folder / EDITOR_SETTINGS).read_bytes()


def _text(document: object) -> str:
    import orjson

    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _below(include: Sequence[str]) -> list[str]:
    """Globs as an editor reads them, for which a folder does not stand for all that lies below it."""
    endings = (".yaml", ".yml")
    globs = []
    for glob in include:
        folder = glob.rstrip("/").removesuffix("/**")
        globs += [glob] if glob.endswith(endings) else [f"{folder}/**/*{ending}" for ending in endings]
    return globs


def _is_good(folder: Path, name: str, text: str) -> bool:
    path = folder / name
    return path.is_file() and (name == EDITOR_SETTINGS or path.read_bytes() == text.encode())
