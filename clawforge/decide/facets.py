"""What the parameters of a tool mean: which are paths, addresses, commands, code. Part of a host's
catalogue."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from clawforge.resource.meta import Strict


class CodeFacet(Strict):
    """The tool runs code that nobody can judge, except in calls whose parameters are all `safe`.

    With `keys` only calls that hold such a parameter, at any depth, run code.
    """

    safe: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    keys: tuple[str, ...] = ()


class Facets(Strict):
    """What a call touches. Parameters whose names speak of files or addresses count wherever `paths` or
    `urls` is set; `path_keys` are further ones."""

    paths: Literal["read", "write"] | None = None
    """What happens to the files that are named."""
    path_needed: bool = False
    """A call that names no file touches one that we cannot see."""
    path_default: bool = False
    """A call that names no file is about the workspace."""
    path_keys: tuple[str, ...] = ()
    patch: bool = False
    """The files are named inside of a patch."""
    recursive: bool = False
    """What lies below a named folder is read too."""
    urls: bool = False
    url_needed: bool = False
    """A call that names no address reaches one that we cannot see."""
    command: bool = False
    """A shell command is run."""
    code: CodeFacet | None = None
    skill: bool = False
    """A skill is loaded or run."""
    guessed: bool = False
    """Nobody told us about this tool: only unmistakable names and values count."""


UNKNOWN_TOOL = Facets(paths="write", urls=True, guessed=True)
"""Tools that the catalogue does not know, such as those of MCP servers, may write the files and reach the
hosts that they are given."""

NO_FACETS = Facets()


class CatalogueFile(Strict):
    """The data of one host, as it lies in `catalogues/`. Groups are named without `group:`."""

    host: str
    extends: str | None = None
    versions: str
    mcp_separator: str | None = None
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    ungrouped: tuple[str, ...] = ()
    aliases: dict[str, str] = Field(default_factory=dict)
    profiles: dict[str, tuple[str, ...] | None] = Field(default_factory=dict)
    facets: dict[str, Facets] = Field(default_factory=dict)
